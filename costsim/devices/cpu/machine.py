"""A CPU profile resolved for one run: what the formulas need, in the units they count in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costsim.devices.base import RunConfig
from costsim.devices.cpu.profile import CpuFitted, CpuProfile, CpuRuntime
from costsim.tables.schema import Array

Number = float | Array
"""A number, or ``(points,)`` numbers where a sweep varies it."""


@dataclass(frozen=True)
class CpuMachine:
    """Cores, caches and memory as a runtime finds them, with the share of each that was fitted."""

    runtime: CpuRuntime
    fitted: CpuFitted
    threads: Number
    cycle_s: Number
    """Of the clock that is held."""
    peak_macs_per_cycle: Number
    """Multiply-accumulates of one core in floats of the run, before any efficiency."""
    int8_macs_per_cycle: Number | None
    """The same of int8 kernels; None where the run is in floats."""
    vector_bytes: Number
    load_bytes_per_cycle: Number
    """From the first cache level into the registers of one core."""
    load_slot_bytes: Number
    """What a smaller load takes of that: as much as the core loads a cycle, a vector at most."""
    l1_bytes: Number
    l2_bytes: Number
    """Of the second cache level, as far as tensors stay there from one op to the next; all of it where nothing says."""
    last_level_bytes: Number
    """The same of the last level: what is lost from it comes from memory."""
    one_core_dram_bytes_per_s: Number
    dram_bytes_per_s: Number
    """With all cores reading."""

    @classmethod
    def of(cls, profile: CpuProfile, run: RunConfig) -> CpuMachine:
        """The machine of a profile, or of one with columns (``costsim.hardware.vary``), for one run."""
        hw, fit = profile.hardware, profile.fitted
        dram, blocked, in_int8 = hw.memory.dram, fit.blocked, run.dtype == "int8"
        return cls(
            runtime=profile.runtime,
            fitted=fit,
            threads=run.threads,
            cycle_s=1 / (hw.clock_hz * fit.clock_ratio),
            peak_macs_per_cycle=hw.macs_per_cycle[profile.runtime.float_dtype if in_int8 else run.dtype],
            int8_macs_per_cycle=hw.macs_per_cycle["int8"] if in_int8 else None,
            vector_bytes=hw.vector_bytes,
            load_bytes_per_cycle=hw.load_bytes_per_cycle * fit.load_ratio,
            load_slot_bytes=np.minimum(hw.load_bytes_per_cycle, hw.vector_bytes),
            l1_bytes=hw.memory.l1.size_bytes,
            l2_bytes=hw.memory.l2.size_bytes * (blocked.l2_ratio if blocked else 1.0),
            last_level_bytes=hw.memory.last_level_bytes * fit.cache_ratio,
            one_core_dram_bytes_per_s=dram.one_core_bandwidth_bytes_per_s * fit.one_core_dram_ratio,
            dram_bytes_per_s=dram.bandwidth_bytes_per_s * fit.dram_ratio,
        )

    def peak(self, in_int8: bool) -> Number:
        """Multiply-accumulates a cycle of int8 kernels, or of those of floats."""
        if not in_int8:
            return self.peak_macs_per_cycle
        assert self.int8_macs_per_cycle is not None  # no row is int8 in a run in floats
        return self.int8_macs_per_cycle

    def lanes(self, elem_bytes: Array) -> Array:
        """Elements of one vector."""
        return self.vector_bytes / elem_bytes
