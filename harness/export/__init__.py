"""A solution as a Python module that others call from MLX."""
