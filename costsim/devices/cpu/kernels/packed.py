"""Matrix products as CPU libraries run them: register tiles with tails, packed panels, cache re-reads.

``C[m, n] += A[m, k] * B[k, n]`` with m output channels, n pixels, k = c_in * kernel_h * kernel_w.
A micro-kernel holds a tile of ``rows x columns`` results in registers and, for every k, loads
``rows + columns`` values to do ``rows * columns`` multiply-accumulates (Goto and van de Geijn 2008,
"Anatomy of high-performance matrix multiplication"; ncnn src/layer/arm/convolution_im2col_gemm.h:
8 x 12 on AArch64 with tails 8, 4, 2, 1).

Ignored: splitting k into cache blocks, software prefetch, register spills of unusual tiles.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.devices.cpu.kernels.packing import unpacks
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.profile import Microkernel
from costsim.devices.cpu.work import Rows, Sustains, Work
from costsim.devices.kernels.cache import miss_ratio
from costsim.devices.kernels.rounding import round_up
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array


def tile_count(length: Array, tile: Any) -> Array:
    """Register tiles along one side of length ``length``: full ones, then tails of 8, 4, 2 and 1.

    A tail takes the largest power of two that is left, so 11 beyond the last full tile are 8 + 2 + 1.
    """
    full = np.floor(length / tile)
    left = length - full * tile
    tails = np.zeros_like(left)
    for size in (8.0, 4.0, 2.0, 1.0):
        takes = (left >= size).astype(float)
        tails, left = tails + takes, left - takes * size
    return full + tails


def padded_macs(m: Array, n: Array, k: Array, lanes: Any) -> Array:
    """Multiply-accumulates issued: rows fill vectors of ``lanes``; rows left over put pixels there instead."""
    whole = np.floor(m / lanes) * lanes
    return k * (whole * n + (m - whole) * np.ceil(n / lanes) * lanes)


def register_loads(m: Array, n: Array, k: Array, rows: Any, columns: Any) -> Array:
    """Values loaded into registers: A once per column tile, B once per row tile [elements]."""
    return k * (m * tile_count(n, columns) + n * tile_count(m, rows))


def panel_reads(m: Array, n: Array, k: Array, rows: Any) -> Array:
    """Values of the packed B read past the first cache level: once per row tile [elements]."""
    return k * n * tile_count(m, rows)


def product_work(
    m: Array, n: Array, k: Array, repeats: Array, elem_bytes: Array, machine: CpuMachine, lanes: Any = None
) -> dict[str, Array]:
    """Work of ``repeats`` matrix products of ``m x k`` by ``k x n`` [elements], all ``(ops, points)``.

        macs     = repeats issued(m', n, k)          m' = m filled up to the smallest tile
        loads    = repeats k (m' tiles(n) + n tiles(m'))
        l2_reads = repeats (n k + out n k (tiles(m') - 1) + m' k + m' n)
        rereads  = repeats n k (tiles(m') - 1)       unless panels are cut to fit the second level

    ``lanes`` are the sums of a vector where they are wider than the values; None: as many as values.
    ``out`` is the share of a panel of B that the first cache level does not hold until it is read again.
    Source: Goto and van de Geijn 2008, with tails as in the module's docstring. Ignores: what the module
    ignores. Error: not measured apart from whole networks; see the cards of the profiles.
    """
    kernel = machine.runtime.microkernel
    m = np.ceil(m / kernel.smallest_rows) * kernel.smallest_rows
    panel = n * k
    rereads = panel_reads(m, n, k, kernel.rows) - panel
    again = miss_ratio(panel * elem_bytes, machine.l1_bytes)
    return {
        "macs": repeats * _issued(m, n, k, machine.lanes(elem_bytes) if lanes is None else lanes, kernel),
        "loads": repeats * register_loads(m, n, k, kernel.rows, kernel.columns),
        "l2_reads": repeats * (panel + again * rereads + m * k + m * n),
        "rereads": repeats * rereads * (1.0 - machine.runtime.l2_blocking),
        "reread_from": panel,
    }


def _issued(m: Array, n: Array, k: Array, lanes: Any, kernel: Microkernel) -> Array:
    """Multiply-accumulates of whole vectors."""
    if kernel.vectors == "rows":
        return padded_macs(m, n, k, lanes)
    return k * np.minimum(m * round_up(n, lanes), n * round_up(m, lanes))


def row_tiles(ops: OpTable, machine: CpuMachine) -> Array:
    """Row tiles that can run at the same time: groups computed one after another share nothing."""
    tiles = tile_count(ops.c_out_per_group, machine.runtime.microkernel.rows)
    return tiles if machine.runtime.grouped_conv_as_one_gemm_per_group else tiles * ops.groups


def serial_products(ops: OpTable, machine: CpuMachine) -> Array:
    """Groups of a grouped convolution that the runtime dispatches one after another; 0 where it does not."""
    return ops.is_grouped * machine.runtime.grouped_conv_as_one_gemm_per_group * ops.groups


def padded_copy(ops: OpTable) -> Array:
    """Elements of the copy of the input with its border, where the kernel hangs over it."""
    h = (ops.h_out - 1) * ops.stride_h + ops.dilation_h * (ops.kernel_h - 1) + 1
    w = (ops.w_out - 1) * ops.stride_w + ops.dilation_w * (ops.kernel_w - 1) + 1
    return np.where((h > ops.h_in) | (w > ops.w_in), ops.c_in * h * w, 0.0)


class PackedProduct:
    """Convolutions and matrix products over panels packed from the input: whatever no other kernel takes."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """Mask ``(ops, points)``."""
        return rows.ops.kind == MAC

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """im2col and one matrix product a group; a matrix-vector product where there is one pixel.

        ``m = c_out / groups, n = h_out w_out, k = c_in / groups kernel_h kernel_w``. Panels of ``n k`` elements
        a group are packed unless there is one pixel, or so few channels that the image is read as it lies.
        Weights of matrix-vector products may be kept in fewer bytes, which saves loads.

        Source: ``product_work``; ncnn src/layer/arm/convolution_im2col_gemm.h, innerproduct_arm.cpp (half weights).
        Ignores: what ``product_work`` ignores. Error: that of ``product_work``.
        """
        ops, runtime, taps = rows.ops, machine.runtime, rows.ops.kernel_h * rows.ops.kernel_w
        m, n, k, repeats = ops.c_out_per_group, ops.h_out * ops.w_out, ops.c_in_per_group * taps, ops.groups
        reads_image = (ops.c_in_per_group < runtime.im2col_min_channels) & (taps > 1)
        vector_product = (n == 1) & (taps == 1)
        kept = ops.weight_elem_bytes if runtime.linear_weight_bytes is None else runtime.linear_weight_bytes
        products = product_work(m, n, k, repeats, ops.elem_bytes, machine)
        saved = np.where(vector_product, repeats * m * k * (1 - kept / ops.elem_bytes), 0.0)
        unpacked = unpacks(ops) & (runtime.microkernel.vectors == "rows")
        slower = np.where(unpacked, Sustains.UNPACKED, Sustains.PRODUCT)
        return Work(
            **products | {name: products[name] - saved for name in ("loads", "l2_reads")},
            packed=np.where(reads_image | (n == 1), 0.0, n * k * repeats) + padded_copy(ops),
            # Heads of an attention run side by side, a thread each.
            items=np.where(rows.attention.inside & (repeats > 1), repeats, row_tiles(ops, machine)),
            weight_bytes=ops.weight_elems * np.where(vector_product, kept, ops.weight_elem_bytes),
            sustains=np.where(taps > 1, Sustains.GATHERED, slower),
            products=serial_products(ops, machine),
            weight_streams=vector_product,
        )
