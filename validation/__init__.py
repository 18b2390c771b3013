"""Holds costsim against measurements: ``python -m validation`` prints every figure docs/accuracy.md states."""
