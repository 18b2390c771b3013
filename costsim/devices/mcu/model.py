"""Microcontrollers: everything one after another on one core.

Limits, which add up, since an in-order core hides none behind another:

- ``arithmetic``: multiply-accumulates as issued, at the pace of the library's loop for their kind;
- ``windows``: values copied so that a window lies in a row;
- ``outputs``: bias, scale, rounding and clipping of every output;
- ``elements``: elements read and written by ops without weights;
- ``flash``: weights, at the pace of the memory they lie in, where that is slower than the arithmetic on them.

Overhead: ``dispatch``, entering an op.

Expected error: that of the profile's card; 15 % and more where nothing was measured. Ignored: caches in front of
flash and of external memory, interrupts, the second core of parts that have one.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import numpy as np

from costsim.devices.base import DeviceModel, Footprint, Roofs, RunConfig
from costsim.devices.mcu.arena import buffers_of, peak_bytes, place
from costsim.devices.mcu.kernels import is_linear, is_pointwise, issued_macs, scratch_bytes, window_elems
from costsim.devices.mcu.persistent import persistent_bytes
from costsim.devices.mcu.profile import McuProfile
from costsim.errors import DoesNotFitError
from costsim.hardware.profile import Profile
from costsim.tables.costtable import CostTable
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array
from costsim.units import format_quantity


class McuModel(DeviceModel):
    """One in-order core, an arena in SRAM, weights in flash."""

    profile_type: ClassVar[type[Profile]] = McuProfile

    def plan(self, ops: OpTable, profile: Any, run: RunConfig) -> OpTable:
        """Refuse what the part cannot hold.

        Raises:
            DoesNotFitError: the arena is larger than SRAM, or weights and code than flash.
        """
        for point in range(ops.points):
            at = ops.at_point(point)
            _check_fits(_arena_bytes(at, profile), _flash_bytes(at, profile), profile)
        return ops

    def costs(self, ops: OpTable, profile: Any, run: RunConfig) -> CostTable:
        fit, cycle_s = profile.fitted, profile.fitted.core_cycles / profile.hardware.clock_hz
        flash_s = ops.weight_bytes / (profile.hardware.memory.flash.bandwidth_bytes_per_s * fit.flash_ratio)
        multiplies = ops.kind == MAC
        arithmetic_s = _arithmetic_cycles(ops, profile) * cycle_s
        return CostTable(
            ceilings={
                "arithmetic": arithmetic_s,
                "windows": window_elems(ops, profile.runtime) * fit.window_cycles * cycle_s,
                "outputs": np.where(multiplies, ops.output_elems, 0.0) * fit.output_cycles * cycle_s,
                "elements": ~multiplies * (ops.input_elems + ops.output_elems) * fit.element_cycles * cycle_s,
                "flash": np.maximum(flash_s - arithmetic_s, 0.0),
            },
            overheads={"dispatch": np.zeros_like(arithmetic_s) + fit.op_cycles * cycle_s},
            traffic={
                "flash": ops.weight_bytes,
                "sram": ops.input_bytes + ops.output_bytes,
            },
            overlap=1.0,
        )

    def roofs(self, profile: Any, run: RunConfig) -> Roofs:
        hw = profile.hardware
        return Roofs(hw.clock_hz * hw.macs_per_cycle[run.dtype], {"flash": hw.memory.flash.bandwidth_bytes_per_s})

    def channel_tile(self, profile: Any, run: RunConfig) -> int:
        return int(profile.runtime.padded_rows)

    def unavoidable_dram_bytes(self, ops: OpTable, profile: Any) -> Array:
        return np.zeros(ops.points)

    def footprint(self, ops: OpTable, profile: Any, run: RunConfig) -> Footprint:
        """SRAM of the arena, flash of weights and code."""
        arena, flash = _arena_bytes(ops, profile), _flash_bytes(ops, profile)
        sram = profile.hardware.memory.sram.size_bytes
        return Footprint(
            onchip_used_bytes=arena,
            onchip_bytes=sram,
            spilled_bytes=max(arena - sram, 0.0),
            fits=arena <= sram and flash <= profile.hardware.memory.flash.size_bytes,
            arena_bytes=arena,
            flash_bytes=flash,
        )


def _arithmetic_cycles(ops: OpTable, profile: McuProfile) -> Array:
    """``macs * cycles`` of the library's loop for each kind of product [cycles]; at best the core's own pace."""
    fit = profile.fitted
    pace = np.where(ops.is_depthwise, fit.depthwise_cycles_per_mac, fit.conv_cycles_per_mac)
    pace = np.where(is_pointwise(ops), fit.pointwise_cycles_per_mac, pace)
    pace = np.where(is_linear(ops), fit.linear_cycles_per_mac, pace)
    return issued_macs(ops, profile.runtime.padded_rows) * pace


def _in_place(ops: OpTable) -> np.ndarray:
    """``(ops,)`` ops that read each element once, at the place where they write it."""
    one_input = np.array([len(producers) == 1 for producers in ops.producers])
    element_wise = np.array([label.op_class in ("activation", "normalisation") for label in ops.labels])
    return one_input & (element_wise | ops.is_depthwise[:, 0])


def _arena_bytes(ops: OpTable, profile: McuProfile) -> float:
    """Maps and scratch buffers placed, and what the interpreter keeps."""
    in_place = _in_place(ops) & (profile.runtime.planner == "in_place")
    placed = place(buffers_of(ops, scratch_bytes(ops, profile.runtime)[:, 0], in_place))
    return peak_bytes(placed) + persistent_bytes(ops, profile.runtime)


def _flash_bytes(ops: OpTable, profile: McuProfile) -> float:
    return float(ops.weight_bytes[:, 0].sum()) + profile.runtime.code_bytes


def _check_fits(arena: float, flash: float, profile: McuProfile) -> None:
    size = partial(format_quantity, unit="B")
    memory = profile.hardware.memory
    flash_size, sram_size = (float(np.min(size)) for size in (memory.flash.size_bytes, memory.sram.size_bytes))
    if flash > flash_size:
        raise DoesNotFitError(
            f"{size(flash)} of weights and code, {profile.name} has {size(flash_size)} of flash; make it narrower"
        )
    if arena > sram_size:
        ratio = (sram_size / arena) ** 0.5
        raise DoesNotFitError(
            f"the arena takes {size(arena)}, {profile.name} has {size(sram_size)} of SRAM; it would about fit at "
            f"{ratio:.2f} of the input's height and width, or at {ratio**2:.2f} of the channels"
        )
