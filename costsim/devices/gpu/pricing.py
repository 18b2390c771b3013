"""What a kernel costs at the clock and the bandwidths of a device, and which may be the fastest of its op."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from costsim.devices.gpu.library import Kernels
from costsim.devices.gpu.profile import GpuProfile
from costsim.tables.boxes import boxes
from costsim.tables.costtable import Product, combine
from costsim.tables.schema import Array

FEWEST_POINTS = 256
"""With fewer, all kernels are tried sooner than most of them are ruled out."""

TOLD_APART_RATIO = 1e-9
"""Of a sum, what has to lie between two kernels before one rules out the other: far beyond rounding."""


class Paces(NamedTuple):
    """What turns the work of kernels into seconds: numbers, or one a point."""

    clock_hz: Any
    l2_bytes_per_s: Any
    dram_bytes_per_s: Any
    ramp_s: Any
    launch_s: Any
    overlap: Any
    l2_bytes: Any
    """Room in L2 for what one kernel leaves for the next."""

    @classmethod
    def of(cls, profile: GpuProfile) -> Paces:
        hw, fit = profile.hardware, profile.fitted
        return cls(
            clock_hz=hw.working_clock_hz,
            l2_bytes_per_s=hw.memory.l2.bandwidth_bytes_per_s,
            dram_bytes_per_s=hw.memory.dram.bandwidth_bytes_per_s * fit.dram_ratio,
            ramp_s=fit.ramp_s,
            launch_s=fit.launch_s,
            overlap=fit.overlap,
            l2_bytes=hw.memory.l2.size_bytes,
        )

    @property
    def cycle_s(self) -> Any:
        return 1 / self.clock_hz

    @property
    def varying(self) -> list[str]:
        """What points differ in."""
        return [name for name, pace in self._asdict().items() if np.size(pace) > 1]

    def corners(self) -> tuple[Paces, Paces] | None:
        """The fastest and the slowest paces within boxes around all points; None where no such thing is known."""
        names = self.varying
        if not names or not MONOTONE.issuperset(names) or len(getattr(self, names[0])) < FEWEST_POINTS:
            return None
        lowest, highest = (dict(zip(names, edge, strict=True)) for edge in boxes([getattr(self, n) for n in names]))
        fast = {name: (lowest if name in SLOWING else highest)[name] for name in names}
        slow = {name: (highest if name in SLOWING else lowest)[name] for name in names}
        return self._replace(**fast), self._replace(**slow)


SLOWING = frozenset({"ramp_s", "launch_s"})
"""The larger, the slower."""

MONOTONE = SLOWING | {"clock_hz", "l2_bytes_per_s", "dram_bytes_per_s"}
"""Paces that never slow one kernel down and speed another up."""


def ceilings(kernels: Kernels, dram_bytes: Array, reached: Array, paces: Paces) -> dict[str, Array | Product]:
    """What each limit alone would cost the kernels.

    Args:
        kernels: one a row of the other two.
        dram_bytes: that their ops move.
        reached: share of the streaming bandwidth that their ops reach.
        paces: of the devices.
    """
    cycle_s = paces.cycle_s
    return {
        "arithmetic": Product(kernels.cycles, cycle_s),
        "latency": kernels.rounds * paces.ramp_s + kernels.wait_cycles * cycle_s,
        "l2": Product(np.maximum(kernels.l2_bytes, dram_bytes) / reached, 1 / paces.l2_bytes_per_s),
        "dram": Product(dram_bytes / reached, 1 / paces.dram_bytes_per_s),
    }


def overheads(kernels: Kernels, paces: Paces) -> dict[str, Array]:
    """What is added to the largest of the limits."""
    return {"launch": kernels.launches * paces.launch_s, "transform": scratch_s(kernels.scratch_bytes, paces)}


def scratch_s(scratch_bytes: Array, paces: Paces) -> Array:
    """Seconds of a kernel before the main one that leaves ``scratch_bytes`` for it, in L2 as far as they fit."""
    spilt = spilt_bytes(scratch_bytes, paces)
    kept_s = (scratch_bytes - spilt) / paces.l2_bytes_per_s
    return kept_s + spilt / paces.dram_bytes_per_s if spilt.any() else kept_s


def spilt_bytes(scratch_bytes: Array, paces: Paces) -> Array:
    """Of them, those that L2 has no room for."""
    return np.maximum(0, scratch_bytes - paces.l2_bytes)


def kernel_s(kernels: Kernels, dram_bytes: Array, reached: Array, paces: Paces) -> tuple[Array, Array]:
    """(the limits of each kernel together, the same with what is added to them), in seconds."""
    overlapped_s = combine(list(ceilings(kernels, dram_bytes, reached, paces).values()), paces.overlap)
    return overlapped_s, overlapped_s + sum(overheads(kernels, paces).values())


def contenders(kernels: Kernels, dram_bytes: Array, reached: Array, paces: Paces) -> Kernels:
    """The kernels without those that are the fastest of their op at none of the points.

    A kernel is ruled out of a box of points by another one of its op that adds no more to the limits, if the sum under
    the norm is smaller for that one all over the box::

        sum(x_i^p of this one) - sum(x_i^p of the other) > 0

    Each term of this difference has its least value at the fastest or at the slowest corner of the box: where it is
    work times a pace, and where both parts of the latency are in favour of the same kernel. Otherwise it is at least
    what lies between the fastest corner of the one and the slowest of the other. ``dram_bytes`` and ``reached`` are
    those of ops.
    """
    corners = paces.corners()
    if corners is None or kernels.points > 1:
        return kernels
    moved, ratio = dram_bytes[kernels.op], reached[kernels.op]
    fast, slow = (_powers(kernels, moved, ratio, corner) for corner in corners)
    waits = np.concatenate([kernels.rounds, kernels.wait_cycles], axis=1)
    added = np.concatenate([kernels.launches, kernels.scratch_bytes], axis=1)

    def beaten_by(loser: slice, winner: slice) -> np.ndarray:
        least = {name: np.minimum(fast[name][loser] - fast[name][winner], slow[name][loser] - slow[name][winner])
                 for name in fast}  # fmt: skip
        ahead = np.sign(waits[loser] - waits[winner])
        crossing = np.equal(ahead[:, :1] * ahead[:, 1:], -1)
        between = fast["latency"][loser] - slow["latency"][winner]
        least["latency"] = np.where(crossing, between, least["latency"])
        slower = np.greater(sum(least.values()), TOLD_APART_RATIO * sum(power[loser] for power in slow.values()))
        return slower & np.less_equal(added[winner], added[loser]).all(axis=1, keepdims=True)

    beaten: np.ndarray = np.zeros(slow["latency"].shape, dtype=bool)
    for early, late, rivals in kernels.pairs():
        beaten[late] |= rivals[:, None] & beaten_by(late, early)
        beaten[early] |= rivals[:, None] & beaten_by(early, late)
    return kernels.take(np.flatnonzero(~beaten.all(axis=1)))


def _powers(kernels: Kernels, dram_bytes: Array, reached: Array, paces: Paces) -> dict[str, Array]:
    """What the norm adds up."""
    return {name: limit**paces.overlap for name, limit in ceilings(kernels, dram_bytes, reached, paces).items()}
