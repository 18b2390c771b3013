"""What a CPU runtime makes of each op: multiplications issued, values loaded, buffers written.

Work does not know how fast anything is; ``costsim.devices.cpu`` prices it. Every op is a matrix
product (dense, grouped, Winograd, fully connected), a depthwise kernel, or a pass over its tensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from costsim.devices.cpu_profile import CpuProfile, CpuRuntime, Microkernel
from costsim.devices.kernels.cache import miss_ratio
from costsim.devices.kernels.depthwise import largest_pack, loads_per_output
from costsim.devices.kernels.gemm import padded_macs, panel_reads, register_loads, tile_count
from costsim.devices.kernels.rounding import round_up
from costsim.devices.kernels.winograd import winograd_shape
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array

HALF_BYTES = 2.0
"""Of one value in half precision."""


@dataclass(frozen=True)
class Work:
    """Per op, for one image; in elements unless said otherwise."""

    macs: Array
    """Multiply-accumulates issued: padded to tiles, reduced by Winograd."""
    loads: Array
    """Into vector registers."""
    l2_reads: Array
    """Past the first cache level."""
    rereads: Array
    """Of packed panels, beyond the first reading."""
    panel: Array
    """One packed panel as a whole: what has to stay in a cache for rereads to be cheap."""
    packed: Array
    """Written into panels and padded copies."""
    transformed: Array
    """Written by Winograd transforms."""
    items: Array
    """Units that are divided among threads."""
    weight_bytes: Array
    """As streamed: transformed for Winograd, in the format they are kept in."""

    def take(self, rows: np.ndarray) -> Work:
        """The work of these rows."""
        return Work(**{name: column[rows] for name, column in vars(self).items()})


def cpu_work(ops: OpTable, profile: CpuProfile) -> Work:
    """The work of every op, by the kernel the runtime picks for it."""
    matrix = _matrix_work(ops, profile)
    if profile.runtime.winograd is not None:
        matrix = _choose(takes_winograd(ops, profile.runtime), _winograd_work(ops, profile), matrix)
    work = _choose(ops.is_depthwise, _depthwise_work(ops, profile), matrix)
    return _choose(ops.kind == MAC, work, _pass_work(ops, profile))


def is_vector_product(ops: OpTable) -> np.ndarray:
    """Rows that multiply a matrix by a vector: fully connected layers, convolutions of a single pixel."""
    one_pixel = (ops.h_out * ops.w_out == 1) & (ops.kernel_h * ops.kernel_w == 1)
    return (ops.kind == MAC) & one_pixel & ~ops.is_depthwise


def is_gathered(ops: OpTable, runtime: CpuRuntime) -> np.ndarray:
    """Rows of spatial kernels over several channels that are computed without Winograd."""
    spatial = (ops.kind == MAC) & (ops.kernel_h * ops.kernel_w > 1) & ~ops.is_depthwise
    return spatial & ~takes_winograd(ops, runtime)


def takes_winograd(ops: OpTable, runtime: CpuRuntime) -> np.ndarray:
    """Rows the runtime computes by Winograd: 3 x 3, stride 1, enough channels, in half precision whole packs."""
    if runtime.winograd is None:
        return np.zeros_like(ops.kind, dtype=bool)
    wide = np.maximum(ops.c_in_per_group, ops.c_out_per_group) >= runtime.winograd.min_channels
    multiple = np.where(ops.elem_bytes == HALF_BYTES, runtime.winograd.half_channel_multiple, 1.0)
    whole = np.mod(ops.c_out_per_group, multiple) == 0
    return ops.takes_3x3_at_unit_stride & wide & whole & ~ops.is_depthwise


def _choose(condition: np.ndarray, yes: Work, no: Work) -> Work:
    return Work(**{name: np.where(condition, value, vars(no)[name]) for name, value in vars(yes).items()})


def _products(m: Array, n: Array, k: Array, repeats: Array, ops: OpTable, profile: CpuProfile) -> dict[str, Array]:
    """What ``repeats`` matrix products of m x k by k x n share, however they came about."""
    kernel = profile.runtime.microkernel
    lanes = profile.hardware.vector_bytes / ops.elem_bytes
    m = np.ceil(m / kernel.smallest_rows) * kernel.smallest_rows
    panel = n * k
    rereads = panel_reads(m, n, k, kernel.rows) - panel
    again = miss_ratio(panel * ops.elem_bytes, profile.hardware.memory.l1.size_bytes)
    return {
        "macs": repeats * _issued(m, n, k, lanes, kernel),
        "loads": repeats * register_loads(m, n, k, kernel.rows, kernel.columns),
        "l2_reads": repeats * (panel + again * rereads + m * k + m * n),
        "rereads": repeats * rereads,
        "panel": panel,
    }


def _issued(m: Array, n: Array, k: Array, lanes: Any, kernel: Microkernel) -> Array:
    """Multiply-accumulates of whole vectors."""
    if kernel.vectors == "rows":
        return padded_macs(m, n, k, lanes)
    return k * np.minimum(m * round_up(n, lanes), n * round_up(m, lanes))


def _matrix_work(ops: OpTable, profile: CpuProfile) -> Work:
    """im2col and matrix product; a matrix-vector product where there is one pixel."""
    runtime, taps = profile.runtime, ops.kernel_h * ops.kernel_w
    m, n, k, repeats = ops.c_out_per_group, ops.h_out * ops.w_out, ops.c_in_per_group * taps, ops.groups
    direct = (ops.c_in_per_group < runtime.im2col_min_channels) & (taps > 1)
    vector_product = is_vector_product(ops)
    kept = ops.weight_elem_bytes if runtime.linear_weight_bytes is None else runtime.linear_weight_bytes
    weight_bytes = ops.weight_elems * np.where(vector_product, kept, ops.weight_elem_bytes)
    products = _products(m, n, k, repeats, ops, profile)
    saved = np.where(vector_product, repeats * m * k * (1 - kept / ops.elem_bytes), 0.0)  # weights kept in fewer bytes
    return Work(
        **products | {name: products[name] - saved for name in ("loads", "l2_reads")},
        packed=np.where(direct | (n == 1), 0.0, n * k * repeats) + _padded_copy(ops),
        transformed=np.zeros_like(m),
        items=_parallel_tiles(ops, profile),
        weight_bytes=weight_bytes,
    )


def _winograd_work(ops: OpTable, profile: CpuProfile) -> Work:
    rules = profile.runtime.winograd
    assert rules is not None
    m, k, repeats = ops.c_out_per_group, ops.c_in_per_group, ops.groups
    patch = np.where(np.maximum(m, k) <= rules.large_patch_max_channels, rules.large_patch, rules.small_patch)
    patch = np.where(np.minimum(ops.h_out, ops.w_out) <= rules.tiny_map, rules.tiny_patch, patch)
    shape = winograd_shape(k, m, ops.h_out, ops.w_out, patch)
    return Work(
        **_products(m, shape.patches, k, repeats * shape.products, ops, profile),
        packed=_padded_copy(ops),
        transformed=repeats * (shape.input_elems + shape.output_elems),
        items=_parallel_tiles(ops, profile),
        weight_bytes=ops.weight_bytes * shape.weight_ratio,
    )


def _parallel_tiles(ops: OpTable, profile: CpuProfile) -> Array:
    """Row tiles that can run at the same time: groups computed one after another share nothing."""
    tiles = tile_count(ops.c_out_per_group, profile.runtime.microkernel.rows)
    return tiles if profile.runtime.grouped_conv_as_one_gemm_per_group else tiles * ops.groups


def _depthwise_work(ops: OpTable, profile: CpuProfile) -> Work:
    """One pack of channels at a time over the whole map; every pack takes a vector, filled or not."""
    runtime, lanes = profile.runtime, profile.hardware.vector_bytes / ops.elem_bytes
    in_packs = runtime.half_depthwise_in_packs & (ops.elem_bytes == HALF_BYTES)
    pack = np.where(in_packs, largest_pack(ops.c_out, lanes), lanes)
    packs = np.ceil(ops.c_out / pack)
    outputs = packs * lanes * ops.h_out * ops.w_out
    taps = ops.kernel_h * ops.kernel_w
    shared = loads_per_output(ops.kernel_h, ops.kernel_w, ops.stride_w, ops.dilation_w)
    dedicated = (ops.kernel_h == ops.kernel_w) & np.isin(ops.kernel_h, runtime.depthwise_kernels)
    dedicated = dedicated & (pack == lanes)
    anew = 2 * taps * np.where(runtime.scalar_depthwise, lanes, 1.0)  # inputs and weights, tap by tap
    per_output = np.where(dedicated, shared, anew)
    nothing = np.zeros_like(outputs)
    return Work(
        macs=outputs * taps,
        loads=outputs * (per_output + 1),
        l2_reads=ops.input_elems + ops.output_elems,
        rereads=nothing,
        panel=nothing,
        packed=_padded_copy(ops),
        transformed=nothing,
        items=packs,
        weight_bytes=ops.weight_bytes,
    )


def _pass_work(ops: OpTable, profile: CpuProfile) -> Work:
    """Every input read and every output written once."""
    touched, lanes = ops.input_elems + ops.output_elems, profile.hardware.vector_bytes / ops.elem_bytes
    nothing = np.zeros_like(touched)
    return Work(
        macs=nothing,
        loads=touched,
        l2_reads=touched,
        rereads=nothing,
        panel=nothing,
        packed=nothing,
        transformed=nothing,
        items=np.where(ops.is_op(*profile.runtime.serial_ops), 1.0, np.ceil(ops.c_out / lanes)),
        weight_bytes=ops.weight_bytes,
    )


def _padded_copy(ops: OpTable) -> Array:
    """Elements of the copy of the input with its border, where the kernel hangs over it."""
    h = (ops.h_out - 1) * ops.stride_h + ops.dilation_h * (ops.kernel_h - 1) + 1
    w = (ops.w_out - 1) * ops.stride_w + ops.dilation_w * (ops.kernel_w - 1) + 1
    return np.where((h > ops.h_in) | (w > ops.w_in), ops.c_in * h * w, 0.0)
