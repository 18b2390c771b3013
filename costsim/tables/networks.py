"""Where each network lies in a table that holds several, and sums that stop at its borders."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from costsim.tables.runs import running_total
from costsim.tables.schema import Array


@dataclass(frozen=True)
class Networks:
    """The networks of a table: the rows of each lie together, in execution order.

    Sums are added up in that order, whatever else is in the table and however many points there are:
    a network gives the same digits alone, among others and in a chunk of points. NumPy's own sum
    adds pairwise along the axis that lies together in memory.
    """

    starts: np.ndarray
    """``(networks,)`` first row of each."""
    rows: int
    """Of the whole table."""

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def lengths(self) -> np.ndarray:
        """``(networks,)`` rows of each."""
        return np.diff(self.starts, append=self.rows)

    @cached_property
    def of_row(self) -> np.ndarray:
        """``(rows,)`` number of the network a row belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def place(self) -> np.ndarray:
        """``(rows,)`` number of a row in its own network."""
        return np.arange(self.rows) - self.starts[self.of_row]

    @cached_property
    def ends(self) -> np.ndarray:
        """``(networks,)`` last row of each."""
        return self.starts + self.lengths - 1

    def running_total(self, column: Array) -> Array:
        """``(rows, points)`` sum of the rows of the same network up to and with each."""
        if len(self) == 1:
            return running_total(column)
        return running_total(self._side_by_side(column))[self.place, self.of_row]

    def total(self, column: Array) -> Array:
        """``(networks, points)`` sum of each network's rows."""
        if len(self) == 1 and column.shape[1] == 1:
            return np.cumsum(column, axis=0)[-1:]
        return np.add.reduce(self._side_by_side(column), axis=0)

    def largest(self, column: Array) -> Array:
        """``(networks, points)`` maximum over each network's rows."""
        return np.maximum.reduceat(column, self.starts, axis=0)

    def _side_by_side(self, column: Array) -> Array:
        """``(rows of the longest network, networks, points)``, shorter networks filled up with zeros."""
        if len(self) == 1:
            return np.ascontiguousarray(column)[:, None]
        wide = np.zeros((int(self.lengths.max()), len(self), column.shape[1]))
        wide[self.place, self.of_row] = column
        return wide
