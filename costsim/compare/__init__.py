"""Networks on devices side by side, in one data type or several, and what makes the difference.

``dtypes`` compares data types and ``measures`` explains by the papers' measures; both build on what is here.
"""

from costsim.compare.networks import (
    Comparison,
    Contribution,
    Difference,
    Flip,
    compare,
    faster,
    parts,
    rank_flips,
    signed_milliseconds,
)

__all__ = [
    "Comparison", "Contribution", "Difference", "Flip", "compare", "faster", "parts", "rank_flips",
    "signed_milliseconds",
]  # fmt: skip
