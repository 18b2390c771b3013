"""Sums and maxima over the tensors an op reads, or over the readers of its output."""

from __future__ import annotations

import numpy as np

from costsim.tables.runs import reduce_runs
from costsim.tables.schema import Array


def by_row(combine: np.ufunc, values: Array, row: np.ndarray, rows: int) -> Array:
    """``(rows, points)`` the ``values`` of all edges that belong to each row, combined; 0 where there are none.

    Args:
        combine: ``np.add`` or ``np.maximum``.
        values: ``(edges, points)``.
        row: ``(edges,)`` the row each edge belongs to.
        rows: how many rows there are.
    """
    result = np.zeros((rows, values.shape[1]))
    if len(row):
        order = np.argsort(row, kind="stable")
        present, start = np.unique(row[order], return_index=True)
        result[present] = reduce_runs(combine, values[order], start)
    return result
