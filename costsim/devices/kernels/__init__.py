"""Cost formulas: pure NumPy functions over ``(ops, points)`` arrays, each citing its source."""
