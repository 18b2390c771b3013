"""The cost table: what each limit alone would cost every op, and how the limits combine.

A prediction is a set of named ceilings. ``ceilings`` overlap with each other, ``overheads``
never do; the latency of an op is::

    latency_s = norm_p(ceilings) + sum(overheads),   norm_p(x) = (sum x_i^p)^(1/p)

``p`` (``overlap``) states how well the device hides one limit behind another: infinity is the
maximum (perfect overlap), 1 the sum (none), 2 what in-order cores show in between.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any

import numpy as np

from costsim.tables.bounds import largest
from costsim.tables.schema import Array

NEAR_TIE_RATIO = 0.9
"""A limit within 10 % of the largest is reported beside it."""


@dataclass(frozen=True)
class Product:
    """Seconds that are amounts of work times a pace, both kept: where one is small, so are its powers."""

    work: Array
    """``(ops, points)``, one point where devices vary and networks do not."""
    pace_s: Array | float
    """Seconds per unit of work: a number, or ``(points,)``."""

    __array_ufunc__ = None  # so that an array times a product is a product

    def __rmul__(self, times: Array) -> Product:
        return Product(times * self.work, self.pace_s)

    def __getitem__(self, rows: np.ndarray) -> Product:
        return Product(self.work[rows], self.pace_s)

    @property
    def seconds(self) -> Array:
        return self.work * self.pace_s

    def __pow__(self, power: float | Array) -> Array:
        return self.work**power * self.pace_s**power


@dataclass(frozen=True)
class CostTable:
    """Costs over the rows of one op table. Arrays are ``(ops, points)``, in SI units."""

    ceilings: Mapping[str, Array | Product]
    """Seconds each overlapping limit alone would take; ``limits`` has them as arrays."""
    overheads: dict[str, Array]
    """Seconds added whatever the ceilings are: dispatch, launch, pipeline fill."""
    traffic: dict[str, Array]
    """Bytes moved per memory, by the names the profile has for them."""
    overlap: float | Array = np.inf
    """The exponent p; one a point, where points differ in it."""
    energy_parts_j: Mapping[str, Array] | None = None
    """Joules by part: arithmetic, bytes by memory, idle power; None where the profile has no numbers."""
    kind_of: np.ndarray | None = None
    """``(ops,)`` the row that prices each op, where equal ops share one; None: each has its own."""
    overlapped_s: Array | None = None
    """The ceilings combined, where the device has done that already."""
    copies: tuple[str, ...] = ()
    """Overheads that no op causes, kept at the op that waits for them: each is a row of its own in what is told."""

    def per_op(self) -> CostTable:
        """The same with a row of its own for each op."""
        if self.kind_of is None:
            return self

        def spread(columns: Mapping[str, Any]) -> dict[str, Any]:
            return {name: column[self.kind_of] for name, column in columns.items()}

        return replace(
            self,
            ceilings=spread(self.ceilings),
            overheads=spread(self.overheads),
            traffic=spread(self.traffic),
            energy_parts_j=None if self.energy_parts_j is None else spread(self.energy_parts_j),
            kind_of=None,
            overlapped_s=None if self.overlapped_s is None else self.overlapped_s[self.kind_of],
        )

    @property
    def energy_j(self) -> Array | None:
        """Joules per op; None where the profile has no numbers."""
        return None if self.energy_parts_j is None else reduce(np.add, self.energy_parts_j.values())

    def moved_bytes(self, memory: str) -> Array:
        """``(ops, points)`` bytes that cross a memory: none where the device has no such memory."""
        found = self.traffic.get(memory)
        return np.zeros_like(self.latency_s) if found is None else found

    @cached_property
    def latency_s(self) -> Array:
        """Predicted seconds per op."""
        return self.without(())

    @cached_property
    def row_latency_s(self) -> Array:
        """The same for each row of the op table, where equal ones share a price."""
        return self.latency_s if self.kind_of is None else self.latency_s[self.kind_of]

    def without(self, lifted: Collection[str]) -> Array:
        """Predicted seconds per op if the named ceilings and overheads cost nothing."""
        overlapping = [array for name, array in self.ceilings.items() if name not in lifted]
        serial = [array for name, array in self.overheads.items() if name not in lifted]
        if self.overlapped_s is not None and not lifted:
            return sum(serial, start=self.overlapped_s)
        if overlapping:
            return sum(serial, start=combine(overlapping, self.overlap))
        return sum(serial, start=np.zeros(np.broadcast_shapes(*(a.shape for a in self.limits.values()))))

    @property
    def own(self) -> CostTable:
        """What the ops themselves cost, without the copies they wait for."""
        return self._own if self.copies else self  # not kept: a table that holds itself outlives its last use

    @cached_property
    def _own(self) -> CostTable:
        kept = {name: seconds for name, seconds in self.overheads.items() if name not in self.copies}
        return replace(self, ceilings={name: self.limits[name] for name in self.ceilings}, overheads=kept, copies=())

    @cached_property
    def limits(self) -> dict[str, Array]:
        """Ceilings and overheads together, in seconds."""
        return {**{name: _seconds(ceiling) for name, ceiling in self.ceilings.items()}, **self.overheads}

    @property
    def limit_names(self) -> tuple[str, ...]:
        return (*self.ceilings, *self.overheads)

    @cached_property
    def _stacked(self) -> Array:
        """``(limits, ops, points)``."""
        return np.stack(np.broadcast_arrays(*self.limits.values()))

    @cached_property
    def bound(self) -> np.ndarray:
        """``(ops, points)`` index into ``limit_names`` of the largest limit, the first of equal ones."""
        return largest(list(self.limits.values()))

    def near_ties(self, point: int = 0) -> list[tuple[str, ...]]:
        """Of each op the limits within 10 % of its largest, largest first."""
        seconds = self._stacked[:, :, point]
        order = np.argsort(-seconds, axis=0, kind="stable")
        near = (seconds >= NEAR_TIE_RATIO * seconds.max(axis=0)).sum(axis=0)
        names = self.limit_names
        return [tuple([names[i] for i in of_op[:n]]) for of_op, n in zip(order.T.tolist(), near.tolist(), strict=True)]


def combine(ceilings: Sequence[Array | Product], overlap: float | Array) -> Array:
    """The p-norm of the ceilings; ``overlap`` is p, infinity the maximum."""
    if np.max(overlap) <= SAFE_EXPONENT:
        return reduce(_add_to, (ceiling**overlap for ceiling in ceilings)) ** (1 / overlap)
    seconds = [_seconds(ceiling) for ceiling in ceilings]
    highest = reduce(np.maximum, seconds)
    if np.all(np.isinf(overlap)):
        return highest
    highest = np.maximum(highest, np.finfo(float).tiny)  # scaled: no underflow of tiny times
    return highest * sum((c / highest) ** overlap for c in seconds) ** (1 / overlap)


def _add_to(total: Array, term: Array) -> Array:
    """Their sum, in the memory of the first where it has the shape: half the traffic."""
    return np.add(total, term, out=total if term.shape[1] in (1, total.shape[1]) else None)


def _seconds(ceiling: Array | Product) -> Array:
    return ceiling.seconds if isinstance(ceiling, Product) else ceiling


SAFE_EXPONENT = 8.0
"""Up to this power, no time from picoseconds to hours comes near the limits of a float."""
