"""What a buffer plan decided: which ops run as one group, what moves off chip, what each group needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

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

    @classmethod
    def join(cls, plans: list[Plan], points: list[np.ndarray] | None = None) -> Plan:
        """Plans side by side: of single points in order, or each of the ``points`` named."""
        if points is None:
            points = [np.array([point]) for point in range(len(plans))]
        order = np.argsort(np.concatenate(points), kind="stable")

        def joined(name: str) -> np.ndarray:
            columns = [getattr(plan, name) for plan in plans]
            wide = [np.broadcast_to(c, (len(c), len(here))) for c, here in zip(columns, points, strict=True)]
            return np.concatenate(wide, axis=1)[:, order]

        return cls(**{name: joined(name) for name in COLUMNS})

    @classmethod
    def stack(cls, plans: list[Plan]) -> Plan:
        """Plans of networks one after another in a table."""
        columns = {name: np.concatenate([getattr(plan, name) for plan in plans]) for name in COLUMNS}
        groups = [int(plan.group.max()) + 1 for plan in plans]
        before = np.repeat(np.cumsum(groups) - groups, [len(plan.group) for plan in plans])
        return cls(**columns | {"group": columns["group"] + before[:, None]})

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


COLUMNS = tuple(f.name for f in fields(Plan) if f.init)
