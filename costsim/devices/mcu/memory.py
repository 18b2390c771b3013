"""What a network takes of SRAM and flash, worked out once for each table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from costsim.devices.base import Placed
from costsim.devices.mcu import overlap
from costsim.devices.mcu.arena import Buffer, buffers_of, peak_bytes, place
from costsim.devices.mcu.kernels import scratch_bytes
from costsim.devices.mcu.patches import Patches
from costsim.devices.mcu.persistent import persistent_bytes
from costsim.devices.mcu.profile import FLASHES, McuProfile, McuRuntime
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

SIDES_TRIED = (2, 3, 4)
"""Patches a side that are tried; with more, halos are most of the work."""


@dataclass(frozen=True)
class Occupancy:
    """Where everything lies for a table of one network and point."""

    buffers: Sequence[Buffer]
    """Maps and scratch buffers with their places."""
    persistent_bytes: float
    """What the interpreter keeps in the arena beside them."""
    described_bytes: float
    """What generated code keeps in SRAM outside the arena."""
    weight_bytes: float
    code_bytes: float

    @property
    def arena_bytes(self) -> float:
        return peak_bytes(self.buffers) + self.persistent_bytes

    @property
    def flash_bytes(self) -> float:
        """Weights and code."""
        return self.weight_bytes + self.code_bytes

    def taken_bytes(self, profile: McuProfile) -> dict[str, float]:
        """What each memory of a part has to hold, by its name in the profile."""
        runtime, taken = profile.runtime, {"sram": self.described_bytes}
        held = [(runtime.arena_in, self.arena_bytes), (profile.image_in(self.flash_bytes), self.flash_bytes)]
        if runtime.weights_in not in FLASHES:
            held.append((runtime.weights_in, self.weight_bytes))
        for memory, size in held:
            taken[memory] = taken.get(memory, 0.0) + size
        return taken

    @cached_property
    def peak_row(self) -> int:
        """The op that sets the arena's size: of those that need its highest byte, the one with most to hold."""
        tops = [b for b in self.buffers if b.end == peak_bytes(self.buffers)]
        rows = range(max(min(b.first for b in tops), 0), max(b.last for b in tops) + 1)
        return max(
            (row for row in rows if any(b.needed_by(row) for b in tops)),
            key=lambda row: sum(b.size_bytes for b in self.buffers if b.needed_by(row)),
        )

    def memory_map(self, ops: int) -> list[Placed]:
        """The arena over the ops of the network: what it holds when, the interpreter's own at its end."""
        blocks = [
            Placed(b.name, "scratch" if b.is_scratch else "maps", max(b.first, 0), b.last, b.offset, b.size_bytes)
            for b in self.buffers
        ]
        if self.persistent_bytes:
            kept = Placed("interpreter", "kept", 0, ops - 1, peak_bytes(self.buffers), self.persistent_bytes)
            blocks.append(kept)
        return blocks


@dataclass(frozen=True)
class Way:
    """Another way to run the same network, and the arena it would take."""

    text: str
    arena_bytes: float
    more_macs_ratio: float = 0.0


def occupancy(ops: OpTable, runtime: McuRuntime) -> Occupancy:
    """The memories of a table of one network and point as the runtime fills them; placed once a table."""
    return ops.kept.get(f"occupancy {runtime.planner} {runtime.patches}", (runtime,), lambda: _placed(ops, runtime))


def patches_of(ops: OpTable, runtime: McuRuntime) -> Array:
    """``(ops, points)`` how often each value of an op's output is computed: 1 where nothing runs in patches."""
    if runtime.patches == 1:
        return np.ones((len(ops), 1))
    points = (ops.at_point(point) for point in range(ops.points))
    return np.hstack([_patches(point, runtime, runtime.patches).repeated_ratio for point in points])


def other_ways(ops: OpTable, runtime: McuRuntime) -> list[Way]:
    """What would make the arena of a table of one network and point smaller, one change at a time."""
    now, ways = occupancy(ops, runtime).arena_bytes, []
    if runtime.planner == "greedy":
        changed = runtime.model_copy(update={"planner": "in_place"})
        ways.append(Way("with depthwise layers in place", occupancy(ops, changed).arena_bytes))
    if runtime.patches == 1:
        tried = [way for way in (_patched(ops, runtime, n) for n in SIDES_TRIED) if way.arena_bytes < now]
        ways += sorted(tried, key=lambda way: way.arena_bytes * (1 + way.more_macs_ratio))[:1]
    return [way for way in ways if way.arena_bytes < now]


def _patched(ops: OpTable, runtime: McuRuntime, per_side: int) -> Way:
    patches = _patches(ops, runtime, per_side)
    arena = _placed(ops, runtime, patches).arena_bytes
    if patches.last_row < 0:
        return Way("in patches", arena)
    more = float((ops.macs * patches.repeated_ratio).sum() / ops.macs.sum()) - 1
    return Way(f"in {per_side} x {per_side} patches up to {ops.labels[patches.last_row].name}", arena, more)


def _placed(ops: OpTable, runtime: McuRuntime, patches: Patches | None = None) -> Occupancy:
    buffers = _buffers(ops, runtime)
    if patches is None and runtime.patches > 1:
        patches = _patches(ops, runtime, runtime.patches)
    if patches is not None:
        buffers = patches.cut(buffers)
    return Occupancy(
        overlap.place(buffers) if runtime.planner == "overlapped" else place(buffers),
        persistent_bytes(ops, runtime),
        runtime.op_bytes * len(ops),
        float(ops.weight_bytes[:, 0].sum()),
        runtime.code_bytes,
    )


def _buffers(ops: OpTable, runtime: McuRuntime) -> list[Buffer]:
    """Maps and scratch buffers of a run over whole maps."""
    if runtime.planner == "overlapped":
        return overlap.buffers_of(ops)
    in_place = _element_wise(ops) & (runtime.planner == "in_place")
    return buffers_of(ops, scratch_bytes(ops, runtime)[:, 0], in_place)


def _patches(ops: OpTable, runtime: McuRuntime, per_side: int) -> Patches:
    return Patches.of(ops, per_side, _buffers(ops, runtime))


def _element_wise(ops: OpTable) -> np.ndarray:
    """``(ops,)`` ops that read each element once, at the place where they write it."""
    one_input = np.array([len(producers) == 1 for producers in ops.producers])
    reads_once = ops.by_word(lambda word: word.op_class in ("activation", "normalisation"))[:, 0] > 0
    return one_input & (reads_once | ops.is_depthwise[:, 0])
