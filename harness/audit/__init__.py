"""Proves problems: wrong answers that a problem's own comparison has to refuse."""
