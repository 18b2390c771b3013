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

        images / max(min(t, sqrt((t / cores)^2 + memory^2)), host)

    with ``t`` the time of one core, ``memory`` of the bytes off chip, which all cores share: they wait for each other
    before it is full (``CostTable``'s norm with an exponent of 2). A pipeline's fill is paid once, so it is not in
    ``t``; the host's share is not where the runtime works ahead (``hides_host``).

    Expected error: nothing is fitted; on 33 networks each, 11 % off on a DPU of one core, 19 % on three.
    """
    hidden = HOST_WORK if profile.runtime.hides_host else ()
    seconds = float(np.sum(costs.without(("fill", *hidden))))
    alone = profile.runtime.spread == "images"
    memory = sum(float(np.sum(costs.limits[name])) for name in ("dram", "flash") if name in costs.limits)
    host = sum(float(np.sum(costs.limits[name])) for name in hidden if name in costs.limits)
    if alone:
        seconds = min(seconds, float(np.hypot(seconds / profile.hardware.cores, memory)))
    return float(ops.n[0, 0]) / max(seconds, host)
