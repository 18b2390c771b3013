"""Depthwise convolution, whose channels share nothing: packs of channels in vectors, or neighbours of a row.

Channels that fill vectors go one pack at a time, rows of inputs kept in registers over a strip of outputs, as in
ncnn's convolutiondepthwise_3x3_pack4.h and XNNPACK's dwconv kernels. In half precision ncnn has two more ways for
those that do not (convolutiondepthwise_arm_asimdhp.cpp): packs of four run a loop over the taps of each output, half
a vector at a time; single channels run along the rows where the kernel is 3 x 3 (convolutiondepthwise_3x3_fp16s.h)
and otherwise that loop, one value at a time.

Ignored: border handling inside the kernel and the reload of weights for every row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from costsim.devices.cpu.kernels.packed import padded_copy
from costsim.devices.cpu.kernels.packing import SMALLEST_PACK, largest_pack
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.precision import HALF_BYTES
from costsim.devices.cpu.work import Rows, Sustains, Work
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

STRIP = 4.0
"""Neighbouring outputs that share loaded inputs."""

ROW_KERNEL = 3
"""Side of the square kernels that run along the rows."""

SHIFTS = 4.0
"""Instructions that shift inputs by one and two pixels, for a vector of outputs of such a kernel."""

SINGLE = 8.0
"""Vector instructions of one output at the end of a row: three multiply-adds and the sum over their lanes."""

ROW_LOADS, SINGLE_LOADS = 4.0, 2.0
"""Vectors loaded for a vector of outputs, and for one output: two rows of outputs share theirs."""


def loads_per_output(kernel_h: Array, kernel_w: Array, stride_w: Array, dilation_w: Array) -> Array:
    """Input values loaded for one output when ``STRIP`` outputs of a row share theirs."""
    span = np.minimum((STRIP - 1) * stride_w + dilation_w * (kernel_w - 1) + 1, STRIP * kernel_w)
    return kernel_h * span / STRIP


@dataclass(frozen=True)
class RowVectors:
    """How a row of outputs is cut."""

    vectors: Array
    """Whole ones, then one of four."""
    singles: Array
    """Outputs left over."""

    @classmethod
    def of(cls, width: Array, lanes: Any) -> RowVectors:
        """Rows of ``width`` outputs."""
        left = np.mod(width, lanes)
        return cls(np.floor(width / lanes) + np.floor(left / SMALLEST_PACK), np.mod(left, SMALLEST_PACK))


class Depthwise:
    """Depthwise convolutions over plain tensors."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """Mask ``(ops, points)``."""
        return rows.ops.is_depthwise

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """One pack of channels at a time over the whole map, or one channel along its rows.

            packs  : outputs = ceil(c_out / pack) lanes h_out w_out       a vector for every pack, filled or not
                     macs    = outputs taps
                     loads   = outputs (loads_per_output + 1)             2 taps + 1 without a kernel of that size
            halves : loads   = ceil(c_out / pack) slot h_out w_out (2 taps + 1)
            rows   : macs    = c_out h_out lanes (vectors (taps + SHIFTS) + singles SINGLE)
                     loads   = c_out h_out lanes (vectors (ROW_LOADS + 1) + singles (SINGLE_LOADS + 1))

        A load of less than a vector takes a ``slot``: what the core loads a cycle, a vector at most.
        Source: ncnn src/layer/arm/convolutiondepthwise_3x3_pack4.h and the module's docstring.
        Ignores: what the module ignores. Error: not measured apart from whole networks.
        """
        ops, runtime, lanes = rows.ops, machine.runtime, machine.lanes(rows.ops.elem_bytes)
        in_packs = runtime.half_depthwise_in_packs & (ops.elem_bytes == HALF_BYTES)
        pack = np.where(in_packs, largest_pack(ops.c_out, lanes), lanes)
        packs, pixels, taps = np.ceil(ops.c_out / pack), ops.h_out * ops.w_out, ops.kernel_h * ops.kernel_w
        shared = loads_per_output(ops.kernel_h, ops.kernel_w, ops.stride_w, ops.dilation_w)
        dedicated = (ops.kernel_h == ops.kernel_w) & np.isin(ops.kernel_h, runtime.depthwise_kernels)
        anew = 2 * taps * np.where(runtime.scalar_depthwise, lanes, 1.0)  # inputs and weights, tap by tap
        whole = packs * lanes * pixels * (np.where(dedicated, shared, anew) + 1)
        slot = np.maximum(pack, machine.load_slot_bytes / ops.elem_bytes)
        along = (pack == 1) & (pack < lanes) & _along_rows(ops)
        cut, channel_rows = RowVectors.of(ops.w_out, lanes), packs * ops.h_out
        row_macs = cut.vectors * (taps + SHIFTS) + cut.singles * SINGLE
        row_loads = cut.vectors * (ROW_LOADS + 1) + cut.singles * (SINGLE_LOADS + 1)
        in_halves = packs * slot * pixels * (2 * taps + 1)
        return Work(
            macs=lanes * np.where(along, channel_rows * row_macs, packs * pixels * taps),
            loads=np.where(along, channel_rows * lanes * row_loads, np.where(pack == lanes, whole, in_halves)),
            l2_reads=ops.input_elems + ops.output_elems,
            packed=padded_copy(ops),
            items=packs,
            weight_bytes=ops.weight_bytes,
            sustains=Sustains.DEPTHWISE,
        )


def _along_rows(ops: OpTable) -> np.ndarray:
    """Mask ``(ops, points)`` of the kernels that have a loop along the rows: 3 x 3, not dilated, stride 1 or 2."""
    square = (ops.kernel_h == ROW_KERNEL) & (ops.kernel_w == ROW_KERNEL)
    undilated = (ops.dilation_h == 1) & (ops.dilation_w == 1)
    return square & undilated & (ops.stride_h == ops.stride_w) & (ops.stride_h <= 2)
