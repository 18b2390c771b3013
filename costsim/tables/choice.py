"""Choosing one of several alternatives for each row, at each point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from costsim.tables.runs import reduce_runs
from costsim.tables.schema import Array

WIDE = 64
"""Points from which on rows are looked at one by one: most have few alternatives, and the same at all points."""


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
        """``(alternatives, points)`` to ``(rows, points)``; one point where all of a row's alternatives agree."""
        chosen = column[self.everywhere]
        if not len(self.mixed) or (column.shape[1] == 1 and self._agree(column)):
            return chosen
        chosen = np.array(np.broadcast_to(chosen, (len(chosen), self.there.shape[1])))
        for row, (_, *others), there in zip(self.mixed.tolist(), self._taken, self.there, strict=True):
            for other in others:
                np.copyto(chosen[row], column[other], where=there == other)
        return chosen

    @cached_property
    def _taken(self) -> list[list[int]]:
        """All that each of the mixed rows takes, the one of ``everywhere`` first."""
        owns = self.everywhere[self.mixed].tolist()
        taken = [np.flatnonzero(np.bincount(there)).tolist() for there in self.there]
        return [[own, *(a for a in some if a != own)] for own, some in zip(owns, taken, strict=True)]

    def _agree(self, column: Array) -> bool:
        return all((column[taken] == column[taken[0]]).all() for taken in self._taken)


def first_least(cost: Array, row: np.ndarray) -> Choice:
    """For every row the alternative of least ``cost``, at each point; the first of equal ones.

    Args:
        cost: ``(alternatives, points)``.
        row: ``(alternatives,)`` the row each is for, ascending; every row has one.
    """
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    counts = np.diff(starts, append=len(row))
    if cost.shape[1] >= WIDE:
        return _row_by_row(cost, starts, counts)
    is_least = cost == reduce_runs(np.minimum, cost, starts)[row]
    anywhere = is_least.any(axis=1)
    found = np.flatnonzero(anywhere)
    alone = np.bincount(row[found], minlength=len(starts)) == 1
    everywhere = found[np.searchsorted(row[found], np.arange(len(starts)))]
    mixed = np.flatnonzero(~alone)
    there = [starts[r] + np.argmax(is_least[starts[r] : starts[r] + counts[r]], axis=0) for r in mixed]
    return Choice(everywhere, mixed, np.array(there).reshape(len(mixed), cost.shape[1]))


def _row_by_row(cost: Array, starts: np.ndarray, counts: np.ndarray) -> Choice:
    """The same for many points: most rows have one alternative."""
    everywhere, mixed, there = starts.copy(), [], []
    for row in np.flatnonzero(counts > 1).tolist():
        first, count = int(starts[row]), int(counts[row])
        number = _first_least(cost[first : first + count])
        everywhere[row] = first + number[0]
        if (number != number[0]).any():
            mixed.append(row)
            there.append(first + number)
    return Choice(everywhere, np.array(mixed, dtype=int), np.array(there, dtype=int).reshape(len(mixed), cost.shape[1]))


def _first_least(cost: Array) -> np.ndarray:
    """``(points,)`` number of the first of the least in each column: ``argmin(axis=0)``, which walks point by point."""
    number, least = np.zeros(cost.shape[1], dtype=int), cost[0]
    for alternative in range(1, len(cost)):
        np.copyto(number, alternative, where=cost[alternative] < least)
        least = np.minimum(least, cost[alternative])
    return number
