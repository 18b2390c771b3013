"""One file a kernel: the rows it takes, and their work by formulas over ``(ops, points)`` that cite their source."""
