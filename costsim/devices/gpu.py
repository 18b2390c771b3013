"""GPU family: tiles and waves over multiprocessors, L2 and DRAM, kernel launches, a host that dispatches."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from costsim.devices.base import DeviceModel, Roofs, RunConfig
from costsim.devices.gpu_library import (
    KernelCost,
    fastest_kernel,
    is_depthwise,
    is_grouped,
    library_calls,
    winograd_applies,
)
from costsim.devices.gpu_profile import GpuProfile
from costsim.devices.kernels.cache import activation_misses
from costsim.devices.kernels.host import dispatch_wait_s
from costsim.errors import DoesNotFitError
from costsim.hardware.profile import Profile
from costsim.tables.costtable import CostTable, combine
from costsim.tables.liveness import independent_parts, live_bytes
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array
from costsim.units import format_quantity

EVERY_ROW = slice(None)


class GpuModel(DeviceModel):
    """Four ceilings overlap, four overheads add to them; every op runs the library's fastest kernel.

    ``arithmetic`` counts tiles on the busiest multiprocessor, ``latency`` what its blocks wait when
    there are too few of them, ``l2`` and ``dram`` bytes. ``launch`` is paid by each kernel,
    ``transform`` by Winograd kernels whose weights come untransformed, ``transfer`` by the network's
    input. ``dispatch`` is what the device waits for the host: the network takes the larger of both.
    """

    profile_type: ClassVar[type[Profile]] = GpuProfile

    def plan(self, ops: OpTable, profile: Any, run: RunConfig) -> OpTable:
        capacity = float(np.max(profile.hardware.memory.dram.size_bytes))
        needed = float(np.min(ops.weight_bytes.sum(axis=0) + live_bytes(ops).max(axis=0)))
        if needed > capacity:
            raise DoesNotFitError(
                f"weights and activations take {format_quantity(needed, 'B')}, "
                f"{profile.name} has {format_quantity(capacity, 'B')}"
            )
        return ops

    def costs(self, ops: OpTable, profile: Any, run: RunConfig) -> CostTable:
        overlap = profile.fitted.overlap
        reached = _reached_ratio(ops, profile)
        l2_bytes_per_s = profile.hardware.memory.l2.bandwidth_bytes_per_s * reached
        dram_bytes = _dram_bytes(ops, profile)
        dram_s = dram_bytes / (_dram_bytes_per_s(profile) * reached)

        def ceilings(kernel: KernelCost, rows: Any = EVERY_ROW) -> dict[str, Array]:
            l2_s = np.maximum(kernel.l2_bytes, dram_bytes[rows]) / l2_bytes_per_s[rows]
            return {"arithmetic": kernel.compute_s, "latency": kernel.latency_s, "l2": l2_s, "dram": dram_s[rows]}

        def overheads(kernel: KernelCost) -> dict[str, Array]:
            launch = kernel.launches * profile.fitted.launch_s
            return {"launch": launch, "transform": _scratch_s(kernel.scratch_bytes, profile)}

        def device_s(kernel: KernelCost, rows: Any = EVERY_ROW) -> Array:
            return combine(list(ceilings(kernel, rows).values()), overlap) + sum(overheads(kernel).values())

        kernel = fastest_kernel(ops, profile, run, device_s)
        transfer = _transfer_s(ops, profile)
        dispatch = library_calls(ops, profile) * profile.fitted.dispatch_s
        wait = dispatch_wait_s(device_s(kernel) + transfer, dispatch, independent_parts(ops))
        return CostTable(
            ceilings=ceilings(kernel),
            overheads={**overheads(kernel), "transfer": transfer, "dispatch": wait},
            traffic={
                "dram": dram_bytes + _spilt_bytes(kernel.scratch_bytes, profile),
                "l2": kernel.l2_bytes + kernel.scratch_bytes,
            },
            overlap=overlap,
        )

    def roofs(self, profile: Any, run: RunConfig) -> Roofs:
        hw = profile.hardware
        peak = hw.clock_hz * hw.multiprocessors * hw.macs_per_cycle[run.dtype]
        levels = {"dram": hw.memory.dram.bandwidth_bytes_per_s, "l2": hw.memory.l2.bandwidth_bytes_per_s}
        return Roofs(peak, levels)

    def channel_tile(self, profile: Any, run: RunConfig) -> int:
        return min(tile.channels for tile in profile.runtime.tiles)

    def fewest_macs(self, ops: OpTable, profile: Any, run: RunConfig) -> Array:
        tiles = profile.runtime.winograd.get(run.dtype, ())
        saving = max(((3 * t.outputs / (t.outputs + 2)) ** 2 for t in tiles), default=1.0)
        return np.where(winograd_applies(ops), ops.macs / saving, ops.macs)


def _reached_ratio(ops: OpTable, profile: GpuProfile) -> Array:
    """Share of the streaming bandwidth an op's kernel reaches: the era of depthwise and grouped kernels."""
    native = is_grouped(ops) & (profile.runtime.grouped == "native")
    ratio = np.where(native, profile.fitted.grouped_ratio, 1.0)
    return np.where(is_depthwise(ops), profile.fitted.depthwise_ratio, ratio)


def _dram_bytes(ops: OpTable, profile: GpuProfile) -> Array:
    """Weights, and the activations the L2 cache has lost by the time they are read again.

    A kernel that skips rows (a 1x1 window at stride 2) never fetches them; skipped columns share
    the sectors of those it reads.
    """
    scratch = np.zeros((1, 1))
    reads, writes = activation_misses(ops, ops.weight_bytes, scratch, profile.hardware.memory.l2.size_bytes)
    rows_read = np.minimum(1, ops.kernel_h / ops.stride_h)
    return ops.input_bytes * reads * rows_read + ops.output_bytes * writes + ops.weight_bytes


def _dram_bytes_per_s(profile: GpuProfile) -> Any:
    return profile.hardware.memory.dram.bandwidth_bytes_per_s * profile.fitted.dram_ratio


def _scratch_s(scratch_bytes: Array, profile: GpuProfile) -> Array:
    """Seconds of a kernel before the main one that leaves ``scratch_bytes`` for it, in L2 as far as they fit."""
    spilt = _spilt_bytes(scratch_bytes, profile)
    kept_s = (scratch_bytes - spilt) / profile.hardware.memory.l2.bandwidth_bytes_per_s
    return kept_s + spilt / _dram_bytes_per_s(profile)


def _spilt_bytes(scratch_bytes: Array, profile: GpuProfile) -> Array:
    return np.maximum(0, scratch_bytes - profile.hardware.memory.l2.size_bytes)


def _transfer_s(ops: OpTable, profile: GpuProfile) -> Array:
    """Copying a network's input to the device, charged to the first op that reads it."""
    first = np.zeros((len(ops), 1))
    if profile.runtime.input_from == "host":
        readers = np.flatnonzero(ops.reads_input)
        _, first_of_part = np.unique(independent_parts(ops)[readers], return_index=True)
        first[readers[first_of_part]] = 1.0
    input_bytes = ops.n * ops.c_in * ops.h_in * ops.w_in * ops.elem_bytes
    return first * input_bytes / profile.hardware.memory.host.bandwidth_bytes_per_s
