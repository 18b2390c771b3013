"""Points that are priced in one call: one network on many devices, or many networks on one device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from costsim.tables.optable import OpTable

Columns = dict[str, np.ndarray]


class Twins(NamedTuple):
    """Points that are priced with others: the same network on the same device in the same setting."""

    points: np.ndarray
    """Which points of the caller's these are."""
    place: np.ndarray
    """The place of the other among the points of the chunk."""


NO_TWINS = Twins(np.empty(0, dtype=int), np.empty(0, dtype=int))


@dataclass(frozen=True)
class Chunk(ABC):
    """Some points of a sweep and the op table of their networks."""

    points: np.ndarray
    """Which points of the caller's these are."""
    ops: OpTable
    totals: Columns
    """What holds on any device; one value, or one per point."""
    twins: Twins = NO_TWINS
    """Whose points take over what is found of these."""

    def part(self, inside: np.ndarray) -> Chunk:
        """Some of these points, by their place among them."""
        totals = {name: column[inside] if len(column) > 1 else column for name, column in self.totals.items()}
        return replace(self, points=self.points[inside], ops=self._table(inside), totals=totals, twins=NO_TWINS)

    @abstractmethod
    def settings(self, values: Columns) -> Columns:
        """The columns of a device's settings, one value per point, as one call of its model takes them."""

    @abstractmethod
    def _table(self, inside: np.ndarray) -> OpTable:
        """The table at some of these points."""


class OneNetwork(Chunk):
    """One network, its columns the same at all points or one per point, on devices that may differ."""

    def settings(self, values: Columns) -> Columns:
        return values

    def _table(self, inside: np.ndarray) -> OpTable:
        if self.ops.points == 1 or len(inside) == self.ops.points:
            return self.ops
        columns: dict[str, Any] = {n: c[:, inside] for n, c in self.ops.columns().items() if c.shape[1] > 1}
        return replace(self.ops, **columns)


class ManyNetworks(Chunk):
    """A network for each point, one after another in the table, all on one device in one setting."""

    def settings(self, values: Columns) -> Columns:
        return {name: column[:1] for name, column in values.items()}

    def _table(self, inside: np.ndarray) -> OpTable:
        return self.ops.at_networks(inside)
