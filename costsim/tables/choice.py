"""Choosing one of several alternatives for each row, at each point."""

from __future__ import annotations

import numpy as np

from costsim.dataclass import dataclass
from costsim.tables.runs import reduce_runs
from costsim.tables.schema import Array


@dataclass(frozen=True)
class Choice:
    """Which alternative each row takes."""

    everywhere: np.ndarray
    """``(rows,)`` the one taken; where points differ, any of theirs."""
    mixed: np.ndarray
    """Rows whose points differ."""
    there: np.ndarray
    """``(mixed rows, points)`` the alternative each of those takes."""

    def of(self, column: Array) -> Array:
        """``(alternatives, points)`` to ``(rows, points)``."""
        taken = column[self.everywhere]
        if not len(self.mixed):
            return taken
        taken = np.array(np.broadcast_to(taken, (len(taken), self.there.shape[1])))
        points = np.arange(self.there.shape[1]) if column.shape[1] > 1 else 0
        taken[self.mixed] = column[self.there, points]
        return taken


def first_least(cost: Array, row: np.ndarray) -> Choice:
    """For every row the alternative of least ``cost``, at each point; the first of equal ones.

    Args:
        cost: ``(alternatives, points)``.
        row: ``(alternatives,)`` the row each is for, ascending; every row has one.
    """
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    counts = np.diff(starts, append=len(row))
    is_least = cost == reduce_runs(np.minimum, cost, starts)[row]
    anywhere = is_least.any(axis=1)
    found = np.flatnonzero(anywhere)
    alone = np.bincount(row[found], minlength=len(starts)) == 1
    everywhere = found[np.searchsorted(row[found], np.arange(len(starts)))]
    mixed = np.flatnonzero(~alone)
    there = [starts[r] + np.argmax(is_least[starts[r] : starts[r] + counts[r]], axis=0) for r in mixed]
    return Choice(everywhere, mixed, np.array(there).reshape(len(mixed), cost.shape[1]))
