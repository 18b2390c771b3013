"""Kernels over int8: products of four bytes a lane into int32 sums.

With the dot-product extension of ARMv8.2 one instruction multiplies and adds sixteen pairs (sdot); before it,
eight pairs are multiplied into int16 and eight more added before they are widened to int32 (smull, smlal, sadalp).
ncnn and XNNPACK run the same tiles as for floats on them (ncnn src/layer/arm/convolution_im2col_gemm_int8.h,
XNNPACK src/qs8-gemm, src/qs8-igemm). Without sdot ncnn has Winograd over int16
(convolution_3x3_winograd_int8.h; ``create_pipeline_int8_arm`` says when).

Ignored: sums of an odd depth, the difference between int8 tails and those of floats.
"""

from __future__ import annotations

import numpy as np

from costsim.devices.cpu.kernels.depthwise import loads_per_output
from costsim.devices.cpu.kernels.packed import PackedProduct, padded_copy, product_work, row_tiles, serial_products
from costsim.devices.cpu.kernels.packing import SMALLEST_PACK
from costsim.devices.cpu.kernels.winograd import patch_of, winograd_shape
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.precision import INT8_BYTES, SUM_BYTES, computes_in_int8
from costsim.devices.cpu.profile import Int8
from costsim.devices.cpu.work import Rows, Sustains, Work
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

WIDENED_BYTES = 2.0
"""Of one value of a transformed patch."""


class Int8Depthwise:
    """Depthwise convolutions."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """Mask ``(ops, points)``."""
        return computes_in_int8(rows.ops) & rows.ops.is_depthwise

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """Whole packs of channels, or else vectors along the rows of the map.

            outputs = c_out h_out w_out                            where packs are whole
                      c_out h_out ceil(w_out / pack) pack          else

        Source: ncnn src/layer/arm/convolutiondepthwise_arm.cpp, XNNPACK src/qs8-dwconv. Ignores: kernels without
        a loop of their own. Error: not measured apart from whole networks.
        """
        ops, rules = rows.ops, _rules(machine)
        pack, taps = rules.depthwise_pack, ops.kernel_h * ops.kernel_w
        width = np.where(np.mod(ops.c_out, pack) == 0, ops.w_out, np.ceil(ops.w_out / pack) * pack)
        outputs = ops.c_out * ops.h_out * width
        shared = loads_per_output(ops.kernel_h, ops.kernel_w, ops.stride_w, ops.dilation_w)
        return Work(
            macs=outputs * taps,
            loads=outputs * (shared + 1),
            l2_reads=ops.input_elems + ops.output_elems,
            packed=padded_copy(ops),
            items=np.ceil(ops.c_out / pack),
            weight_bytes=ops.weight_bytes,
            elem_bytes=INT8_BYTES,
            sustains=Sustains.INT8_DEPTHWISE,
        )


class Int8Winograd:
    """3 x 3 convolutions of stride 1 over int16 patches."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """Mask ``(ops, points)``."""
        if machine.runtime.int8 is None:
            return np.zeros_like(rows.ops.kind, dtype=bool)
        return computes_in_int8(rows.ops) & int8_takes_winograd(rows.ops, machine.runtime.int8)

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """As ``Winograd.work`` has it, every value in two bytes. Source: the module's docstring."""
        ops, rules = rows.ops, _rules(machine).winograd
        assert rules is not None  # applies to no row without
        m, k, repeats = ops.c_out_per_group, ops.c_in_per_group, ops.groups
        shape = winograd_shape(k, m, ops.h_out, ops.w_out, patch_of(ops, rules))
        wide = np.full_like(ops.elem_bytes, WIDENED_BYTES)
        return Work(
            **product_work(m, shape.patches, k, repeats * shape.products, wide, machine, _lanes(machine)),
            packed=padded_copy(ops),
            transformed=repeats * (shape.input_elems + shape.output_elems),
            items=row_tiles(ops, machine),
            weight_bytes=ops.weight_elems * WIDENED_BYTES * shape.weight_ratio,
            elem_bytes=WIDENED_BYTES,
            products=serial_products(ops, machine),
            sustains=Sustains.INT8_WINOGRAD,
        )


class Int8Product(PackedProduct):
    """Convolutions and fully connected layers over panels of int8."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """Mask ``(ops, points)``."""
        return computes_in_int8(rows.ops)

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """As ``PackedProduct.work`` has it, every value in one byte. Source: the module's docstring."""
        ops, taps = rows.ops, rows.ops.kernel_h * rows.ops.kernel_w
        m, n, k, repeats = ops.c_out_per_group, ops.h_out * ops.w_out, ops.c_in_per_group * taps, ops.groups
        reads_image = (ops.c_in_per_group < machine.runtime.im2col_min_channels) & (taps > 1)
        narrow = np.full_like(ops.elem_bytes, INT8_BYTES)
        return Work(
            **product_work(m, n, k, repeats, narrow, machine, _lanes(machine)),
            packed=np.where(reads_image | (n == 1), 0.0, n * k * repeats) + padded_copy(ops),
            items=row_tiles(ops, machine),
            weight_bytes=ops.weight_bytes,
            elem_bytes=INT8_BYTES,
            sustains=Sustains.INT8,
            products=serial_products(ops, machine),
            weight_streams=(n == 1) & (taps == 1),
        )


def int8_takes_winograd(ops: OpTable, rules: Int8) -> Array:
    """Mask ``(ops, points)``: 3 x 3, stride 1, enough channels on both sides."""
    if rules.winograd is None:
        return np.zeros_like(ops.kind, dtype=bool)
    wide = np.minimum(ops.c_in_per_group, ops.c_out_per_group) >= rules.winograd.min_channels
    unpacked = (np.mod(ops.c_in_per_group, rules.depthwise_pack) == 0) & (
        np.mod(ops.c_out_per_group, SMALLEST_PACK) != 0
    )
    return ops.takes_3x3_at_unit_stride & (wide | (rules.unpacked_winograd & unpacked)) & ~ops.is_depthwise


def _lanes(machine: CpuMachine) -> Array:
    """Sums of one vector."""
    return machine.vector_bytes / SUM_BYTES  # type: ignore[return-value]


def _rules(machine: CpuMachine) -> Int8:
    assert machine.runtime.int8 is not None  # profiles that run int8 have it
    return machine.runtime.int8
