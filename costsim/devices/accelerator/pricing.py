"""Seconds and joules of rows, from what they do and what they move."""

from __future__ import annotations

import numpy as np

from costsim.devices.accelerator.profile import AcceleratorProfile, OffChip
from costsim.devices.accelerator.work import Work
from costsim.tables.costtable import CostTable
from costsim.tables.schema import Array


def cost_table(work: Work, activation_bytes: Array, weight_bytes: Array, profile: AcceleratorProfile) -> CostTable:
    """Ceilings and overheads of rows that do this work and move these bytes, ``(rows, points)``; no traffic yet.

        array    cycles / (array_ratio clock)
        vector   elements visited / (vector rate clock)
        onchip   bytes / bandwidth
        dram     maps burst_ratio (and weights, without flash) / (bandwidth dram_ratio) + latency, where any go there
        flash    weights likewise

    Source: the profile's datasheets and fits; its card states the error. Ignores: refresh, bank conflicts, arbitration.
    """
    hw, fitted, memory = profile.hardware, profile.fitted, profile.hardware.memory
    ceilings = {
        "array": work.array_cycles / fitted.array_ratio / hw.clock_hz,
        "onchip": work.onchip_bytes / memory.onchip.bandwidth_bytes_per_s,
    }
    if hw.vector_elems_per_cycle is not None:
        ceilings["vector"] = work.vector_elems / (hw.vector_elems_per_cycle * hw.clock_hz)
    if hw.host is not None:
        ceilings["host"] = work.host_s
    moved = {}
    if memory.dram is not None:
        in_dram = activation_bytes * work.burst_ratio + (weight_bytes if memory.flash is None else 0.0)
        moved["dram"] = _transfer_seconds(in_dram, memory.dram, fitted.dram_ratio)
    if memory.flash is not None:
        moved["flash"] = _transfer_seconds(weight_bytes, memory.flash, fitted.dram_ratio)
    overheads = {
        "dispatch": np.full_like(work.macs, 1.0) * fitted.op_overhead_s,
        "invoke": work.is_first * fitted.invoke_overhead_s,
    }
    if profile.runtime.double_buffered:
        ceilings |= moved
    else:
        overheads |= moved
    return CostTable(ceilings=ceilings, overheads=overheads, traffic={"dram": activation_bytes + weight_bytes})


def _transfer_seconds(moved_bytes: Array, memory: OffChip, ratio: float) -> Array:
    return moved_bytes / (memory.bandwidth_bytes_per_s * ratio) + np.where(moved_bytes > 0, memory.latency_s, 0.0)


def energy_j(work: Work, profile: AcceleratorProfile, offchip_bytes: Array) -> Array | None:
    """Joules of multiply-accumulates and of every byte moved; None where the profile has no numbers.

    Source of the form: Horowitz, ISSCC 2014. Ignores leakage, clocks and control.
    """
    energy = profile.hardware.energy
    if energy is None:
        return None
    moved = work.onchip_bytes * energy.onchip_j_per_byte + offchip_bytes * energy.dram_j_per_byte
    return work.macs * energy.mac_j + moved
