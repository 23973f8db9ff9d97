"""Compares strategies, models and contexts at equal budget: `python -m agent_steel.compare`."""
