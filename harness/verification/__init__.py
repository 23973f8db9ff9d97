"""`./bench --verify`: what a pull request claims, graded by the trusted tree."""
