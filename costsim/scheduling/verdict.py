"""A plan in words and numbers: does it fit, what spills where, what would help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from costsim.tables.optable import OpTable
from costsim.tables.plan import RESIDENT, STREAMED
from costsim.units import format_quantity

MOST_BLOCKS = 3
"""Blocks named before the rest are only counted."""


@dataclass(frozen=True)
class Verdict:
    """What a plan means for one network on one buffer."""

    size_bytes: float
    used_bytes: float
    """The most the plan has on chip at once, placed."""
    spilled_bytes: float
    """Maps written off chip for want of buffer; they are read back at least once."""
    spilling_blocks: tuple[str, ...]
    fitting_bytes: float
    """The buffer with which nothing would spill."""
    streamed_groups: tuple[tuple[str, str], ...]
    """First and last layer of every group that runs line by line."""
    resident_groups: tuple[tuple[str, str], ...]
    """First and last layer of every group that runs with whole maps on chip."""

    @property
    def fits(self) -> bool:
        return self.spilled_bytes == 0

    @property
    def fitting_width_ratio(self) -> float:
        """Width of the network at which it would about fit: maps grow with it, so at most their share."""
        return min(1.0, self.size_bytes / self.fitting_bytes)

    def __str__(self) -> str:
        size, used = format_quantity(self.size_bytes, "B"), format_quantity(self.used_bytes, "B")
        if self.fits:
            return f"fits: all maps stay on chip, {used} of {size} used{self._groups()}"
        spilled, fitting = format_quantity(self.spilled_bytes, "B"), format_quantity(self.fitting_bytes, "B")
        return (
            f"spills {spilled} of maps off chip from {_listed(self.spilling_blocks)}; nothing would spill with a "
            f"buffer of {fitting}, or at about {self.fitting_width_ratio:.2f} of the width{self._groups()}"
        )

    def _groups(self) -> str:
        kinds = [(self.streamed_groups, "line by line"), (self.resident_groups, "with whole maps on chip")]
        parts = [f"{len(groups)} {'group' if len(groups) == 1 else 'groups'} {how}" for groups, how in kinds if groups]
        return f"; {' and '.join(parts)}" if parts else ""


def verdict(ops: OpTable, size_bytes: float, point: int = 0) -> Verdict:
    """The verdict on the plan a table carries."""
    plan = ops.plan
    assert plan is not None, "the table has no plan"
    spilled = plan.spilled_bytes[:, point]
    spilling = (ops.labels[row] for row in np.flatnonzero(spilled).tolist())
    blocks = dict.fromkeys(label.block or label.name for label in spilling)
    return Verdict(
        size_bytes=size_bytes,
        used_bytes=float(plan.buffer_bytes[:, point].max()),
        spilled_bytes=float(spilled.sum()),
        spilling_blocks=tuple(blocks),
        fitting_bytes=float(plan.fitting_bytes[0, point]),
        streamed_groups=_groups(ops, point, STREAMED),
        resident_groups=_groups(ops, point, RESIDENT),
    )


def _groups(ops: OpTable, point: int, mode: float) -> tuple[tuple[str, str], ...]:
    assert ops.plan is not None
    rows = np.flatnonzero(ops.plan.mode[:, point] == mode)
    group = ops.plan.group[rows, point]
    members = [rows[group == number] for number in dict.fromkeys(group.tolist())]
    return tuple((ops.labels[m[0]].name, ops.labels[m[-1]].name) for m in members)


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    shown = ", ".join(names[:MOST_BLOCKS])
    return shown if len(names) <= MOST_BLOCKS else f"{shown} and {len(names) - MOST_BLOCKS} more blocks"
