"""Longest chains of rows that read each other, of all parts of a table and at all points in one walk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from costsim.tables.schema import Array


@dataclass(frozen=True, eq=False)
class Chains:
    """Edges between rows; a row is read by later rows only."""

    reader: np.ndarray
    """``(edges,)`` the row that reads, ascending."""
    source: np.ndarray
    """``(edges,)`` the row that it reads."""
    place: np.ndarray
    """``(rows,)`` a number below that of all readers of the row: rows of one place are walked together."""

    def longest(self, weight: Array, counts: Array | None = None) -> Array:
        """``(rows, points)`` the heaviest chain that ends in each row.

        Args:
            weight: ``(rows, points)`` what a row adds to a chain.
            counts: ``(edges, points)`` 0 where a row does not stand behind what it reads but beside it, else 1.
        """
        points = weight.shape[1:] if counts is None else np.broadcast_shapes(weight.shape[1:], counts.shape[1:])
        reached = np.array(np.broadcast_to(weight, (len(weight), *points)))
        for edges, reader, source in self._steps:
            own = weight[reader] if counts is None else weight[reader] * counts[edges]
            reached[reader] = np.maximum(reached[reader], reached[source] + own)
        return reached

    @cached_property
    def _steps(self) -> tuple[tuple[np.ndarray | int, np.ndarray | int, np.ndarray | int], ...]:
        return tuple(self._walk())

    def _walk(self) -> Iterator[tuple[np.ndarray | int, np.ndarray | int, np.ndarray | int]]:
        """Edges in an order in which what they read is done, no row twice in a step; a lone edge as plain numbers."""
        edges = np.arange(len(self.reader))
        operand = edges - np.searchsorted(self.reader, self.reader)
        most = operand.max(initial=0) + 1
        step = self.place[self.reader] * most + operand
        order = np.argsort(step, kind="stable")
        borders = [0, *(np.flatnonzero(np.diff(step[order])) + 1).tolist(), len(order)]
        for start, end in pairwise(borders):
            if end - start == 1:
                edge = int(order[start])
                yield edge, int(self.reader[edge]), int(self.source[edge])
            elif end > start:
                some = order[start:end]
                yield some, self.reader[some], self.source[some]
