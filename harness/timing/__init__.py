"""How long a right kernel takes, beside what, and what that proves."""
