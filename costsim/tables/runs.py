"""Sums down the rows of wide columns. NumPy's own take five to twenty times as long: it walks point by point."""

from __future__ import annotations

import numpy as np

from costsim.tables.schema import Array

WIDE = 16
"""Columns from which on a loop over rows is faster than NumPy's walk point by point."""


def running_total(column: Array, out: Array | None = None) -> Array:
    """``np.cumsum(column, axis=0, out=out)``, to the same digits; ``out`` may be the column itself."""
    if column[0].size == 1:
        return np.cumsum(column, axis=0, out=out)
    total = np.array(column) if out is None else out
    for row in range(1, len(total)):
        np.add(total[row - 1], total[row], out=total[row])
    return total


def reduce_runs(combine: np.ufunc, values: Array, starts: np.ndarray) -> Array:
    """Runs of rows combined one after another: ``combine.reduceat(values, starts, axis=0)``.

    Args:
        combine: ``np.add``, ``np.minimum`` or ``np.maximum``.
        values: ``(rows, points)``.
        starts: ``(runs,)`` first row of each, ascending; there are many runs, and they are short.
    """
    counts = np.diff(starts, append=len(values))
    result = values[starts]
    for place in range(1, counts.max(initial=1)):
        runs = np.flatnonzero(counts > place)
        result[runs] = combine(result[runs], values[starts[runs] + place])
    return result


def put_together(combine: np.ufunc, into: Array, at: np.ndarray, column: Array, rows: np.ndarray) -> None:
    """``combine.at(into, at, column[rows])``, to the same digits: each row combined into one of ``into``, in order.

    Args:
        combine: ``np.add``, ``np.maximum`` and their like.
        into: ``(places, points)``, written over.
        at: ``(rows,)`` the place of each row.
        column: ``(any, points)``, or with one point where all of theirs agree.
        rows: ``(rows,)`` which of its rows are combined.
    """
    if into.shape[1] < WIDE:
        combine.at(into, at, column[rows])
        return
    for place, row in zip(at.tolist(), rows.tolist(), strict=True):
        combine(into[place], column[row], out=into[place])
