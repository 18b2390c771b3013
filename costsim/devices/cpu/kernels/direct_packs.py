"""Direct convolution over packs of channels: small kernels that need no im2col.

For every pack of output channels and every pack of input channels the whole map is passed over once, four, two or one
neighbouring outputs of a row at a time: their sums are read, all taps are multiplied in, and they are written again.
ncnn prefers it to im2col for the kernels in ``LIMITS`` where channels fill whole packs (src/layer/arm/
convolution_arm.cpp and convolution_arm_asimdhp.cpp: ``prefer_sgemm``; convolution_5x5_pack8_fp16s.h and its like).
Versions before 2023-03 decide by the size of the map instead, mostly for the same kernels.

Ignored: rows that a kernel takes two at a time, weights loaded again for every row from the first cache level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from costsim.devices.cpu.kernels.packed import padded_copy, serial_products
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.precision import HALF_BYTES, SINGLE_BYTES
from costsim.devices.cpu.work import Rows, Sustains, Work
from costsim.devices.kernels.cache import miss_ratio
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array

ANY = np.inf

LIMITS = {
    (HALF_BYTES, 3, 1): (ANY, ANY),  # all that Winograd does not take
    (HALF_BYTES, 3, 2): (64.0, 128.0),
    (HALF_BYTES, 5, 1): (ANY, ANY),
    (HALF_BYTES, 5, 2): (16.0, 88.0),
    (SINGLE_BYTES, 3, 2): (4.0, 32.0),
    (SINGLE_BYTES, 5, 1): (ANY, ANY),
    (SINGLE_BYTES, 5, 2): (8.0, 44.0),
}
"""By bytes of a value, side of the kernel and stride: taken with fewer input channels, or fewer output channels."""

TILE = 4.0
"""Outputs of a row at a time, then two, then one."""


@dataclass(frozen=True)
class RowTiles:
    """Tiles of one row of outputs."""

    count: Array
    pixels: Array
    """Of all of them."""

    @classmethod
    def of(cls, width: Array) -> RowTiles:
        """Rows of ``width`` outputs."""
        left = np.mod(width, TILE)
        return cls(np.floor(width / TILE) + np.floor(left / 2) + np.mod(left, 2), width)


class DirectOverPacks:
    """Dense and grouped convolutions with one of these kernels."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """Mask ``(ops, points)``."""
        ops = rows.ops
        lanes = machine.lanes(ops.elem_bytes)
        whole = (np.mod(ops.c_in_per_group, lanes) == 0) & (np.mod(ops.c_out_per_group, lanes) == 0)
        undilated = (ops.dilation_h == 1) & (ops.dilation_w == 1)
        return (ops.kind == MAC) & ops.convolves & whole & undilated & _within_limits(ops)

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """Every pair of packs passes over the map.

            pairs    = groups in_packs out_packs
            macs     = groups c_in c_out taps h_out w_out
            loads    = pairs lanes h_out (tiles (lanes taps + k (k - s)) + pixels (k s + 2))
            l2_reads = input (1 + out (out_packs - 1)) + output (1 + 2 out (in_packs - 1)) + weights

        with kernels of side ``k`` and stride ``s``, and ``out`` the share of a map of one pack, input and output, that
        the first cache level does not hold. Source: the module's docstring. Ignores: what the module ignores.
        Error: not measured apart from whole networks.
        """
        ops, lanes = rows.ops, machine.lanes(rows.ops.elem_bytes)
        taps, pixels = ops.kernel_h * ops.kernel_w, ops.h_out * ops.w_out
        in_packs, out_packs = ops.c_in_per_group / lanes, ops.c_out_per_group / lanes
        tiles = RowTiles.of(ops.w_out)
        inputs = tiles.count * ops.kernel_h * (ops.kernel_w - ops.stride_w)
        inputs = inputs + tiles.pixels * ops.kernel_h * ops.stride_w
        vectors = ops.h_out * (tiles.count * lanes * taps + inputs + 2 * tiles.pixels)
        again = miss_ratio(lanes * (ops.h_in * ops.w_in + pixels) * ops.elem_bytes, machine.l1_bytes)
        return Work(
            macs=ops.macs,
            loads=ops.groups * in_packs * out_packs * lanes * vectors,
            l2_reads=ops.input_elems * (1 + again * (out_packs - 1))
            + ops.output_elems * (1 + 2 * again * (in_packs - 1))
            + ops.weight_elems,
            packed=padded_copy(ops),
            items=out_packs,
            weight_bytes=ops.weight_bytes,
            sustains=Sustains.PRODUCT,
            products=serial_products(ops, machine),
        )


def _within_limits(ops: OpTable) -> Any:
    """Mask ``(ops, points)`` of the kernels in ``LIMITS``."""
    square = (ops.kernel_h == ops.kernel_w) & (ops.stride_h == ops.stride_w)
    taken = np.zeros_like(square)
    for (elem_bytes, kernel, stride), (inputs, outputs) in LIMITS.items():
        same = square & (ops.elem_bytes == elem_bytes) & (ops.kernel_h == kernel) & (ops.stride_h == stride)
        taken = taken | (same & ((ops.c_in_per_group < inputs) | (ops.c_out_per_group < outputs)))
    return taken
