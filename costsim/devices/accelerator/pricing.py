"""Seconds and joules of rows, from what they do and what they move."""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.devices.accelerator.profile import AcceleratorProfile, OffChip
from costsim.devices.accelerator.work import Work
from costsim.devices.kernels.energy import energy_parts_j
from costsim.tables.costtable import CostTable
from costsim.tables.schema import Array


def cost_table(
    work: Work, activation_bytes: Array, weight_bytes: Array, profile: AcceleratorProfile, threads: Any = 1
) -> CostTable:
    """Ceilings and overheads of rows that do this work and move these bytes, ``(rows, points)``; no traffic yet.

        array    cycles / (array_ratio clock cores);  macs / (depthwise_ratio peak cores) of depthwise rows
        vector   elements visited / (vector_ratio rate clock cores)
        onchip   bytes / (bandwidth cores)
        dram     maps burst_ratio (and weights, without flash) / (bandwidth dram_ratio) + latency, where any go there
        flash    the same for weights
        host     the host's own limits + elements visited host_elem (fallback_elem where their shape is why)

    ``cores`` are those at work on one image: the threads asked for where layers are split, all of a pipeline, else
    one. A pipeline waits for weights between its parts (``swap``); elsewhere they are a part of ``dram``.

    Source: the profile's datasheets and fits; its card states the error. Ignores: refresh, bank conflicts, arbitration.
    """
    hw, fitted, memory = profile.hardware, profile.fitted, profile.hardware.memory
    cores, pipelined = cores_at_work(profile, threads), profile.runtime.spread == "pipeline"
    ceilings = {
        "array": _array_seconds(work, profile) / cores,
        "onchip": work.onchip_bytes / memory.onchip.bandwidth_bytes_per_s / cores,
    }
    if hw.vector_elems_per_cycle is not None:
        rate = hw.vector_elems_per_cycle * fitted.vector_ratio * hw.clock_hz
        ceilings["vector"] = work.vector_elems / rate / cores
    if hw.host is not None:
        ceilings["host"] = (
            work.host_s + work.host_elems * fitted.host_elem_s + work.fallback_elems * fitted.fallback_elem_s
        )
    moved = {}
    if memory.dram is not None:
        weights_too = memory.flash is None and not pipelined
        in_dram = activation_bytes * work.burst_ratio + (weight_bytes if weights_too else 0.0)
        moved["dram"] = _transfer_seconds(in_dram, memory.dram, fitted.dram_ratio)
    if memory.flash is not None:
        moved["flash"] = _transfer_seconds(weight_bytes, memory.flash, fitted.dram_ratio)
    overheads = {
        "dispatch": np.full_like(work.macs, 1.0) * fitted.op_overhead_s / (cores if pipelined else 1.0),
        "invoke": work.is_first * fitted.invoke_overhead_s,
    }
    overheads |= _host_overheads(work, profile)
    if pipelined and memory.dram is not None and memory.flash is None:
        overheads["swap"] = _transfer_seconds(weight_bytes, memory.dram, fitted.dram_ratio)
    if profile.runtime.double_buffered:
        ceilings |= moved
    else:
        overheads |= moved
    return CostTable(ceilings=ceilings, overheads=overheads, traffic={"dram": activation_bytes + weight_bytes})


def cores_at_work(profile: AcceleratorProfile, threads: Any) -> Any:
    """Cores that work on one image at the same time."""
    spread = profile.runtime.spread
    return {"images": 1.0, "layers": threads, "pipeline": profile.hardware.cores}[spread]


def _array_seconds(work: Work, profile: AcceleratorProfile) -> Array:
    hw, fitted = profile.hardware, profile.fitted
    seconds = work.array_cycles / fitted.array_ratio / hw.clock_hz
    if fitted.depthwise_ratio is None:
        return seconds
    depthwise = work.depthwise_macs / (fitted.depthwise_ratio * hw.array.macs_per_cycle * hw.clock_hz)
    return np.where(work.depthwise_macs > 0, depthwise, seconds)


def _host_overheads(work: Work, profile: AcceleratorProfile) -> dict[str, Array]:
    """What the host does around the array, where the profile says that it takes time."""
    fitted = profile.fitted
    amounts = {"convert": (work.converted_elems, fitted.convert_elem_s), "handover": (work.on_host, fitted.handover_s)}
    return {name: amount * seconds for name, (amount, seconds) in amounts.items() if np.any(seconds)}


def _transfer_seconds(moved_bytes: Array, memory: OffChip, ratio: float) -> Array:
    return moved_bytes / (memory.bandwidth_bytes_per_s * ratio) + np.where(moved_bytes > 0, memory.latency_s, 0.0)


def energy_of(
    work: Work, profile: AcceleratorProfile, offchip_bytes: Array, latency_s: Array
) -> dict[str, Array] | None:
    """Joules of rows by part; None where the profile has no numbers."""
    energy = profile.hardware.energy
    if energy is None:
        return None
    return energy_parts_j(energy, work.macs, work.onchip_bytes, offchip_bytes, latency_s, work.reads_input)
