"""Main memory of the process that runs a network."""

from __future__ import annotations

import numpy as np

from costsim.devices.cpu.work import Work
from costsim.tables.liveness import live_bytes
from costsim.tables.optable import OpTable


def process_bytes(ops: OpTable, work: Work, resident_bytes: float, *, holds_panels: bool) -> float:
    """What the process holds at its peak [bytes].

        resident + sum of weights + largest of live tensors + largest scratch

    with weights in the form kernels keep them (packed, Winograd's transformed), and as scratch the panels and
    transforms of one op. Runtimes pack weights once and let go of the file's; tensors share an arena.

    Args:
        ops: a planned table of one network and point.
        work: of every row.
        resident_bytes: what the library holds without a network.
        holds_panels: whether packed panels are copies in memory.

    Source: ncnn src/net.cpp and src/allocator.cpp (weights in light mode, pools), XNNPACK src/runtime.c and
    src/memory-planner.c (packed weights, one workspace). Ignores: fragmentation, the file while it is read,
    pages of the file that stay mapped. Error: on a Raspberry Pi 5 with XNNPACK, `python -m validation.process_memory`.
    """
    scratch = np.asarray(holds_panels * work.packed + work.transformed) * work.elem_bytes
    return float(resident_bytes + np.sum(work.weight_bytes) + np.max(live_bytes(ops)) + np.max(scratch))
