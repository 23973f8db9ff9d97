"""Shows that what the board rests on holds: run by `python -m trust`."""
