"""CPUs: register tiles, caches, shared memory, threads.

Every row is computed by one kernel (``costsim.devices.cpu.partition``); its work is priced here, once.
Ceilings, each in seconds with all threads at work:

- ``arithmetic``: multiply-accumulates as issued (tile tails, Winograd) and other vector arithmetic;
- ``register_loads``: values from the first cache level into registers, what limits in-order cores;
- ``l2``: bytes from the second cache level, panels read again for every row tile included;
- ``weight_stream``: weights of matrix-vector products, at the pace one core waits for data it uses once, and those
  that a fully connected kernel streams again for every few rows;
- ``dram``: weights, and whatever did not stay in the last cache level.

Where cores wait for memory (``runtime.waits_for_memory``), the last two are none; the wait is in two overheads:
``l3``, bytes from beyond the second cache level, and ``dram_wait``, bytes from beyond the last.

Overheads: ``packing`` (im2col, panels, padding), ``winograd_transform``, ``dispatch``, ``groups``, ``reorder``
(copies between blocked and plain tensors, on runtimes with both) and ``repacking`` (packs of channels that change).

The arithmetic law counts multiplications really executed: Winograd does fewer than the layer's
multiply-accumulates, so a convolution may take less time than its macs over peak.

A batch runs image by image, as mobile runtimes do: n images cost n times one. Only ``traffic`` counts a first
run from cold caches; times are of a run after another where weights stay (``runtime.weights_stay``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from costsim.devices.base import DeviceModel, Footprint, Roofs, RunConfig
from costsim.devices.cpu.kernels.direct import macs_inside
from costsim.devices.cpu.kernels.int8 import int8_takes_winograd
from costsim.devices.cpu.kernels.winograd import takes_winograd
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.precision import in_precision
from costsim.devices.cpu.priced_rows import distinct_rows, work_of
from costsim.devices.cpu.pricing import one_image
from costsim.devices.cpu.process import process_bytes
from costsim.devices.cpu.profile import CpuProfile
from costsim.hardware.profile import Profile
from costsim.hardware.vary import points
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


class CpuModel(DeviceModel[CpuProfile]):
    """Cores with vector units behind caches."""

    profile_type: ClassVar[type[Profile]] = CpuProfile
    mixes_dtypes: ClassVar[bool] = True

    def plan(self, ops: OpTable, profile: CpuProfile, run: RunConfig) -> OpTable:
        """Nothing is planned but which tensors of a run in int8 are int8."""
        return in_precision(ops, profile, run)

    def costs(self, ops: OpTable, profile: CpuProfile, run: RunConfig) -> CostTable:
        return self.kind_costs(ops, profile, run).per_op()

    def kind_costs(self, ops: OpTable, profile: CpuProfile, run: RunConfig) -> CostTable:
        machine = CpuMachine.of(profile, run)
        rows = distinct_rows(ops, machine, once=ops.points == points(profile) == 1)
        one = one_image(rows, machine)
        if np.all(rows.images == 1):
            return one
        return replace(
            one,
            ceilings={name: rows.images * seconds for name, seconds in one.ceilings.items()},
            overheads={name: rows.images * seconds for name, seconds in one.overheads.items()},
            traffic={level: rows.images * moved for level, moved in one.traffic.items()},
        )

    def roofs(self, profile: CpuProfile, run: RunConfig) -> Roofs:
        hw, dram = profile.hardware, profile.hardware.memory.dram
        bandwidth = np.minimum(dram.one_core_bandwidth_bytes_per_s * run.threads, dram.bandwidth_bytes_per_s)
        return Roofs(hw.clock_hz * hw.macs_per_cycle[run.dtype] * run.threads, {"dram": bandwidth})

    def footprint(self, ops: OpTable, profile: CpuProfile, run: RunConfig) -> Footprint:
        resident = profile.runtime.resident_bytes
        if resident is None:
            return Footprint()
        work, panels = work_of(ops, CpuMachine.of(profile, run)), profile.runtime.holds_panels
        return Footprint(process_bytes=process_bytes(ops, work, resident, holds_panels=panels))

    def fewest_macs(self, ops: OpTable, profile: CpuProfile, run: RunConfig) -> Array:
        rules = profile.runtime.winograd
        if profile.runtime.blocked_layout is not None:
            return macs_inside(ops)
        takes = takes_winograd(ops, profile.runtime)
        if run.dtype == "int8" and profile.runtime.int8 is not None:
            rules, takes = profile.runtime.int8.winograd, int8_takes_winograd(ops, profile.runtime.int8)
        if rules is None:
            return ops.macs
        patch = max(rules.small_patch, rules.large_patch)
        return np.where(takes, ops.macs / (3 * patch / (patch + 2)) ** 2, ops.macs)

    def unavoidable_dram_bytes(self, ops: OpTable, profile: CpuProfile) -> Array:
        """As for every device, with the weights in the format they are kept in."""
        machine = CpuMachine.of(profile, RunConfig(profile.runtime.dtypes[0]))
        stored = work_of(ops, machine).weight_bytes
        kept_smaller = np.minimum(stored, ops.weight_bytes) - ops.weight_bytes
        return super().unavoidable_dram_bytes(ops, profile) + kept_smaller.sum(axis=0)

    def channel_tile(self, profile: CpuProfile, run: RunConfig) -> int:
        blocks = profile.runtime.blocked_layout
        return int(profile.runtime.microkernel.rows if blocks is None else blocks.block)
