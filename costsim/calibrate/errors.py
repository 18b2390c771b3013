"""What a set of prediction errors says: mean, shares, ranks, intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

COVERAGE = 0.9
"""Share of measurements an interval is made to hold."""


@dataclass(frozen=True)
class ErrorSummary:
    """Relative errors ``|predicted / measured - 1|`` of some predictions."""

    count: int
    mean_ratio: float
    median_ratio: float
    within_10_percent_ratio: float

    @classmethod
    def of(cls, log_errors: ArrayLike) -> ErrorSummary:
        """From log(predicted / measured)."""
        errors = np.abs(np.expm1(np.asarray(log_errors, dtype=float)))
        return cls(len(errors), float(errors.mean()), float(np.median(errors)), float((errors <= 0.1).mean()))


def interval_ratios(log_errors: ArrayLike, *, coverage: float = COVERAGE) -> tuple[float, float]:
    """(low, high): multiples of a prediction between which ``coverage`` of the measurements lay.

    Quantiles of measured over predicted, moved outwards by the finite size of the sample (a split
    conformal interval; Vovk et al. 2005, "Algorithmic Learning in a Random World").
    """
    ratios = np.sort(np.exp(-np.asarray(log_errors, dtype=float)))
    tail = (1 - coverage) / 2
    rank = tail * (len(ratios) + 1) - 1
    if rank < 0:  # too few to know the tails: the extremes, widened
        return float(ratios[0] ** 2 if ratios[0] < 1 else ratios[0] * 0.9), float(max(ratios[-1], 1.0) ** 2)
    low = np.interp(rank, np.arange(len(ratios)), ratios)
    high = np.interp(len(ratios) - 1 - rank, np.arange(len(ratios)), ratios)
    return float(min(low, 1.0)), float(max(high, 1.0))


def rank_correlation(a: ArrayLike, b: ArrayLike) -> float:
    """Spearman's: the correlation of the ranks."""
    first, second = (np.argsort(np.argsort(np.asarray(x))) for x in (a, b))
    return float(np.corrcoef(first, second)[0, 1])


def rank_correlation_in_bands(
    macs: Sequence[float], predicted: Sequence[float], measured: Sequence[float], *, band: float = 2.0
) -> Any:
    """Mean rank correlation among networks whose macs differ by at most ``band`` times; None if no band has three.

    Over a wide range of sizes a good rank correlation is free: large networks are slow everywhere.
    """
    order = np.argsort(macs)
    size, p, m = (np.asarray(x, dtype=float)[order] for x in (macs, predicted, measured))
    found = []
    for first in range(len(size)):
        inside = slice(first, int(np.searchsorted(size, size[first] * band, side="right")))
        if len(size[inside]) >= 3:
            found.append(rank_correlation(p[inside], m[inside]))
    return float(np.mean(found)) if found else None
