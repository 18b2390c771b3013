"""What a buffer plan decided: which ops run as one group, what moves off chip, what each group needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np

from costsim.tables.cache import Cache
from costsim.tables.schema import Array

TILED, RESIDENT, STREAMED, HOST = 0.0, 1.0, 2.0, 3.0
"""Values of ``mode``: one op by tiles; a group with whole maps on chip; a group by rolling lines; off the array."""

MODE_WORDS = {TILED: "tiled", RESIDENT: "resident", STREAMED: "streamed", HOST: "host"}


@dataclass(frozen=True)
class Plan:
    """Columns over the rows of one op table. Arrays are ``(ops, points)``."""

    group: np.ndarray
    """Number of the group a row runs in, counted from 0 in execution order."""
    mode: Array
    """TILED, RESIDENT, STREAMED or HOST."""
    input_bytes: Array
    """Activations read from off chip, re-reads included."""
    output_bytes: Array
    """Activations written off chip."""
    weight_bytes: Array
    """Weights read from off chip, re-reads included."""
    buffer_bytes: Array
    """On-chip bytes the row's group needs, placed."""
    least_bytes: Array
    """On-chip bytes below which the row cannot run at all."""
    spilled_bytes: Array
    """The row's output where it leaves the chip only for want of buffer: network outputs are not spills."""
    fitting_bytes: Array
    """On-chip bytes with which nothing would spill, the same in every row."""
    kept: Cache = field(init=False, default_factory=Cache, repr=False, compare=False)
    """What is kept of the rows as this plan has them."""

    @classmethod
    def of_point(cls, columns: Mapping[str, np.ndarray]) -> Plan:
        """The plan of one point from ``(rows,)`` columns."""
        return cls(**{name: column[:, None] for name, column in columns.items()})

    def at_points(self, points: np.ndarray) -> Plan:
        """The plan of some of its points, in any order, each as often as it is named."""
        return Plan(**{name: getattr(self, name)[:, points] for name in COLUMNS})

    @property
    def fits(self) -> np.ndarray:
        """``(points,)`` whether every map stays on chip from its writer to its last reader."""
        return self.spilled_bytes.sum(axis=0) == 0

    @property
    def activation_bytes(self) -> Array:
        return self.input_bytes + self.output_bytes

    @property
    def offchip_bytes(self) -> Array:
        return self.activation_bytes + self.weight_bytes


@dataclass(frozen=True)
class Plans:
    """The plans of a table at all its points: points that share one, and that plan in one column."""

    parts: tuple[tuple[np.ndarray, Plan], ...]

    @classmethod
    def stack(cls, networks: Sequence[Plans]) -> Plans:
        """Those of networks that follow one another in a table."""
        if len(networks) == 1:
            return networks[0]
        plans = [network.joined for network in networks]
        columns = {name: np.concatenate([getattr(plan, name) for plan in plans]) for name in COLUMNS}
        groups = [int(plan.group.max()) + 1 for plan in plans]
        before = np.repeat(np.cumsum(groups) - groups, [len(plan.group) for plan in plans])
        stacked = Plan(**columns | {"group": columns["group"] + before[:, None]})
        return cls(((np.arange(stacked.group.shape[1]), stacked),))

    @cached_property
    def joined(self) -> Plan:
        """The plan of all points side by side."""
        points = [here for here, _ in self.parts]
        first = self.parts[0][1]
        if len(self.parts) == 1 and len(points[0]) == first.group.shape[1]:
            return first
        order = np.argsort(np.concatenate(points), kind="stable")

        def joined(name: str) -> np.ndarray:
            columns = [getattr(plan, name) for _, plan in self.parts]
            wide = [np.broadcast_to(c, (len(c), len(here))) for c, here in zip(columns, points, strict=True)]
            return np.concatenate(wide, axis=1)[:, order]

        return Plan(**{name: joined(name) for name in COLUMNS})


COLUMNS = tuple(f.name for f in fields(Plan) if f.init)
