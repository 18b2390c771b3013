"""How fast images follow each other, which is more than one over the time of one."""

from __future__ import annotations

import numpy as np

from costsim.devices.accelerator.profile import AcceleratorProfile
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable

HOST_WORK = ("invoke", "convert")
"""Overheads of the host, which may work on another image meanwhile."""


def images_per_s(ops: OpTable, costs: CostTable, profile: AcceleratorProfile) -> float:
    """Images a second of one network at one point, runs back to back on all cores.

        images / max(time of the cores / cores, time of the memory they share, time of the host)

    A pipeline's fill is paid once, so it is not in the time of the cores. The host's share is hidden where the
    runtime works ahead (``hides_host``). Ignores: how cores wait for each other at the memory before it is full.
    """
    hidden = HOST_WORK if profile.runtime.hides_host else ()
    seconds = float(np.sum(costs.without(("fill", *hidden))))
    alone = profile.runtime.spread == "images"
    memory = sum(float(np.sum(costs.limits[name])) for name in ("dram", "flash") if name in costs.limits)
    host = sum(float(np.sum(costs.limits[name])) for name in hidden if name in costs.limits)
    slowest = max(seconds / profile.hardware.cores, memory, host) if alone else max(seconds, host)
    return float(ops.n[0, 0]) / slowest
