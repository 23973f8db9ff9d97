"""The held-out gate: secret sizes and parameters, drawn after a commitment to their seed."""
