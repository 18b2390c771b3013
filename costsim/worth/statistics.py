"""What a measure explains of the time that multiply-accumulates leave unexplained.

The null model is ``log t = a + b log macs``; the question is put with a third term, ``c x``, where ``x`` is the
measure: its logarithm, or of shares in 0..1 the share. Both are fitted on all families of networks but one and
judged on that one, in turn. ``explained = 1 - SS(with x) / SS(null)``, sums of squares over the networks left out:
the share of variance explained of measured over fitted; below 0 where the measure misleads. The rank correlation
(Spearman, ties shared) is that of the residual of the null model over all networks with the residual of ``x`` by the
same null model: a measure that only counts a network's size gets no credit for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FEWEST_NETWORKS, FEWEST_FAMILIES = 10, 4
"""With less, leaving families out says nothing."""


def rank_correlation(macs: np.ndarray, latency_s: np.ndarray, x: np.ndarray) -> float:
    """Spearman's, of what multiply-accumulates leave of the time and of the measure; 0 where nothing is left."""
    size = _columns(np.log(macs))
    time, measure = (_ranks(column - size @ _solve(size, column)) for column in (np.log(latency_s), x))
    if np.ptp(time) == 0 or np.ptp(measure) == 0:
        return 0.0
    return float(np.corrcoef(time, measure)[0, 1])


def explained(macs: np.ndarray, latency_s: np.ndarray, x: np.ndarray, family: Sequence[str]) -> float:
    """Share of the variance of time over fitted-on-macs that ``x`` explains of families it was not fitted on."""
    of, t = np.array(family), np.log(latency_s)
    null, full = _columns(np.log(macs)), _columns(np.log(macs), x)
    squares = np.zeros(2)
    for left_out in dict.fromkeys(family):
        inside, outside = of != left_out, of == left_out
        for i, columns in enumerate((null, full)):
            squares[i] += np.square(t[outside] - columns[outside] @ _solve(columns[inside], t[inside])).sum()
    return float(1 - squares[1] / squares[0])


def enough(family: Sequence[str]) -> bool:
    """Whether so many networks of so many families can tell anything."""
    return len(family) >= FEWEST_NETWORKS and len(set(family)) >= FEWEST_FAMILIES


def _columns(*terms: np.ndarray) -> np.ndarray:
    """``(networks, 1 + terms)``, a constant first, each term about its mean."""
    return np.stack([np.ones(len(terms[0])), *(term - term.mean() for term in terms)], axis=1)


def _solve(columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(columns, values, rcond=None)[0]


def _ranks(values: np.ndarray) -> np.ndarray:
    """1 for the smallest; equal values share the mean of their ranks. Values within rounding are equal."""
    rounded = np.round(values / (np.abs(values).max() or 1), 9)
    _, of, counts = np.unique(rounded, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[of]
