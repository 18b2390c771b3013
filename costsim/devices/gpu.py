"""GPU family: tiles and waves over multiprocessors, L2 and DRAM, kernel launches, a host that dispatches."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from costsim.devices.base import DeviceModel, Roofs, RunConfig
from costsim.devices.gpu_library import fastest_kernel, is_depthwise, is_grouped, library_calls, winograd_applies
from costsim.devices.gpu_profile import GpuProfile
from costsim.devices.kernels.host import dispatch_wait_s
from costsim.devices.kernels.l2_reuse import dram_bytes
from costsim.errors import DoesNotFitError
from costsim.hardware.profile import Profile
from costsim.tables.costtable import CostTable, combine
from costsim.tables.liveness import live_bytes
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array
from costsim.units import format_quantity


class GpuModel(DeviceModel):
    """Ceilings ``compute``, ``l2`` and ``dram`` overlap; ``launch`` and ``dispatch`` add to them.

    Every op runs the fastest kernel of the library. The network takes the larger of device time
    and host time: ``dispatch`` is what the host adds, zero where it runs ahead of the device.
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
        fitted, memory = profile.fitted, profile.hardware.memory
        reached = _reached_ratio(ops, profile)
        l2_bytes_per_s = memory.l2.bandwidth_bytes_per_s * fitted.l2_ratio * reached
        dram = dram_bytes(ops, memory.l2.size_bytes)
        dram_s = dram / (memory.dram.bandwidth_bytes_per_s * fitted.dram_ratio * reached)
        kernel = fastest_kernel(ops, profile, run, dram_s, l2_bytes_per_s)
        ceilings = {"compute": kernel.compute_s, "l2": kernel.l2_bytes / l2_bytes_per_s, "dram": dram_s}
        launch = kernel.launches * fitted.launch_s
        device_s = combine(list(ceilings.values()), fitted.overlap) + launch
        dispatch = dispatch_wait_s(device_s, library_calls(ops, profile) * fitted.dispatch_s)
        traffic = {"dram": dram, "l2": kernel.l2_bytes}
        return CostTable(ceilings, {"launch": launch, "dispatch": dispatch}, traffic, overlap=fitted.overlap)

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
