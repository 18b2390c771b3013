"""Each row goes to one kernel: the first of the runtime's that takes it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from costsim.devices.cpu.kernels.depthwise import Depthwise
from costsim.devices.cpu.kernels.direct import Direct, DirectDepthwise
from costsim.devices.cpu.kernels.direct_packs import DirectOverPacks
from costsim.devices.cpu.kernels.int8 import Int8Depthwise, Int8Product, Int8Winograd
from costsim.devices.cpu.kernels.packed import PackedProduct
from costsim.devices.cpu.kernels.passes import Pass
from costsim.devices.cpu.kernels.rows import RowsAtATime
from costsim.devices.cpu.kernels.winograd import Winograd
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.work import Rows, Work


class Kernel(Protocol):
    """A way to compute some rows."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """``(ops, points)`` or ``(ops, 1)`` mask of the rows it can compute."""

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """What it does for each row; rows it cannot compute at some points come out meaningless there."""


KERNELS: dict[str, Kernel] = {
    "direct_depthwise": DirectDepthwise(),
    "direct": Direct(),
    "int8_depthwise": Int8Depthwise(),
    "int8_winograd": Int8Winograd(),
    "int8_product": Int8Product(),
    "depthwise": Depthwise(),
    "winograd": Winograd(),
    "direct_packs": DirectOverPacks(),
    "rows": RowsAtATime(),
    "packed_product": PackedProduct(),
    "pass": Pass(),
}
"""By the names ``CpuRuntime.kernels`` has, in the order they are asked. The last two take whatever is left."""


def partitioned_work(rows: Rows, machine: CpuMachine) -> Work:
    """The work of every row, by the kernel that computes it; a row may change its kernel from point to point."""
    left, parts = np.ones((len(rows.ops), 1), dtype=bool), []
    for name, kernel in KERNELS.items():
        if name not in machine.runtime.kernels:
            continue
        takes = left & kernel.applies(rows, machine)
        where = np.flatnonzero(takes.any(axis=1))
        if len(where):
            parts.append((where, takes[where], kernel.work(rows.take(where), machine)))
            left = left & ~takes
    assert not left.any(), "a row without a kernel"
    return Work.gathered(rows.ops, parts)
