"""CPU family (first path; the full model follows)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt

from costsim.devices.base import DeviceModel, Roofs, RunConfig
from costsim.hardware.profile import Block, Bytes, BytesPerSecond, Hertz, Profile, Ratio, Runtime, Seconds
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable


class Cache(Block):
    size_bytes: Bytes = Field(alias="size")


class Dram(Block):
    bandwidth_bytes_per_s: BytesPerSecond = Field(alias="bandwidth")


class CpuMemory(Block):
    l1: Cache
    l2: Cache
    dram: Dram


class CpuHardware(Block):
    core: str
    cores: PositiveInt
    clock_hz: Hertz = Field(alias="clock")
    macs_per_cycle: dict[str, PositiveFloat]
    memory: CpuMemory


class CpuFitted(Block):
    gemm_ratio: Ratio
    op_overhead_s: Seconds = Field(alias="op_overhead")


class CpuProfile(Profile):
    hardware: CpuHardware
    runtime: Runtime
    fitted: CpuFitted

    @property
    def max_threads(self) -> int:
        return self.hardware.cores


class CpuModel(DeviceModel):
    profile_type: ClassVar[type[Profile]] = CpuProfile

    def costs(self, ops: OpTable, profile: Any, run: RunConfig) -> CostTable:
        hw: CpuHardware = profile.hardware
        peak = hw.clock_hz * hw.macs_per_cycle[run.dtype] * run.threads * profile.fitted.gemm_ratio
        traffic = ops.compulsory_bytes
        return CostTable(
            ceilings={
                "compute": ops.macs / peak,
                "dram": traffic / hw.memory.dram.bandwidth_bytes_per_s,
            },
            overheads={"dispatch": np.full_like(ops.macs, profile.fitted.op_overhead_s)},
            traffic={"dram": traffic},
            overlap=2.0,
        )

    def roofs(self, profile: Any, run: RunConfig) -> Roofs:
        hw: CpuHardware = profile.hardware
        peak = hw.clock_hz * hw.macs_per_cycle[run.dtype] * run.threads
        return Roofs(peak, {"dram": hw.memory.dram.bandwidth_bytes_per_s})
