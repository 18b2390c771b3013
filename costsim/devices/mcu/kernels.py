"""What the kernel libraries do for each op: windows copied, multiplications issued, scratch needed.

CMSIS-NN's int8 kernels (arm_convolve_s8, arm_convolve_1x1_s8_fast, arm_depthwise_conv_s8_opt,
arm_fully_connected_s8, release 4): a convolution copies the windows of two output pixels as 16-bit values and
multiplies them with all filters; convolutions of one pixel multiply the map as it lies. TFLM's reference kernels
copy nothing and multiply one value after another.
"""

from __future__ import annotations

import numpy as np

from costsim.devices.mcu.profile import McuRuntime
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array

INT16_BYTES, SUM_BYTES = 2.0, 4.0

VECTOR_CHANNELS = 124.0
"""Of a depthwise window that is copied with Helium (``CH_IN_BLOCK_MVE``)."""


def is_linear(ops: OpTable) -> np.ndarray:
    """``(ops, points)`` mask of products of a matrix and a vector."""
    return (ops.kind == MAC) & ~ops.convolves


def is_pointwise(ops: OpTable) -> np.ndarray:
    """``(ops, points)`` mask of dense convolutions of one pixel at stride 1."""
    unit = (ops.stride_h == 1) & (ops.stride_w == 1)
    return ops.convolves & ~ops.is_depthwise & (ops.kernel_h * ops.kernel_w == 1) & unit


def is_generic_depthwise(ops: OpTable) -> np.ndarray:
    """``(ops, points)`` mask of depthwise convolutions that the fast kernel does not take.

    Several outputs a channel or a dilated window (arm_depthwise_conv_wrapper_s8). Ignores that several images at a time
    take that kernel too: who has several runs them one by one.
    """
    dilated = (ops.dilation_h > 1) | (ops.dilation_w > 1)
    return ops.is_depthwise & ((ops.c_out_per_group > 1) | dilated)


def in_blocks(size: Array, block: float, rest_ratio: float | None) -> Array:
    """What a loop over blocks of lanes costs over one without a rest: at least 1.

    ``(whole + rest * rest_ratio) / size``, the rest one after another; without a ratio it costs a whole block.
    """
    rest = size % block
    costs = np.where(rest > 0, block, 0.0) if rest_ratio is None else rest * rest_ratio
    return (size - rest + costs) / size


def issued_macs(ops: OpTable, runtime: McuRuntime) -> Array:
    """Multiply-accumulates, what does not fill a block of lanes counted as it is computed [multiply-accumulates].

    ``macs * in_blocks(lanes)``, where sums go over the ``kernel_h * kernel_w * c_in`` values of a window, or depthwise
    over channels; output channels of dense convolutions in whole blocks of ``padded_rows`` besides. Ignores the rest
    of pixels that come in pairs.
    """
    dense = (ops.kind == MAC) & ~ops.is_depthwise
    depth = np.maximum(ops.kernel_h * ops.kernel_w * ops.c_in_per_group, 1.0)
    rows = np.where(ops.convolves & dense, in_blocks(ops.c_out_per_group, runtime.padded_rows, None), 1.0)
    summed = np.where(dense, in_blocks(depth, runtime.depth_block, runtime.rest_ratio), 1.0)
    lanes = in_blocks(np.maximum(ops.c_out, 1.0), runtime.channel_block, runtime.rest_ratio)
    return ops.macs * rows * summed * np.where(ops.is_depthwise & ~is_generic_depthwise(ops), lanes, 1.0)


def window_elems(ops: OpTable, runtime: McuRuntime) -> Array:
    """Values copied into windows [elements]: every output pixel's window once.

    ``n * groups * h_out * w_out * kernel_h * kernel_w * c_in_per_group`` for convolutions that are not of one pixel.
    """
    windows = ops.n * ops.groups * ops.h_out * ops.w_out * ops.kernel_h * ops.kernel_w * ops.c_in_per_group
    copies = ops.convolves & ~is_pointwise(ops) & (runtime.im2col != "none")
    if runtime.generic_depthwise:
        copies &= ~is_generic_depthwise(ops)
    return np.where(copies, windows, 0.0)


def scratch_bytes(ops: OpTable, runtime: McuRuntime) -> Array:
    """What an op needs beside its maps while it runs [bytes].

    Two windows of 16-bit values for a convolution (arm_convolve_s8_get_buffer_size with DSP extensions), one for a
    depthwise one (arm_depthwise_conv_s8_opt_get_buffer_size); four of 8-bit values with Helium, a depthwise one of 124
    channels; all windows where the library unrolls the map. In integers an interpreter's transposed convolutions and
    means sum up in 32 bits beside their output (transpose_conv.cc, reduce_common.cc).
    """
    taps = ops.kernel_h * ops.kernel_w
    window = np.ceil(taps * ops.c_in_per_group / runtime.depth_block) * runtime.depth_block
    if runtime.im2col == "four_columns":
        held = 4 * np.where(ops.is_depthwise, taps * VECTOR_CHANNELS, window)
    else:
        pixels = 2.0 if runtime.im2col == "two_columns" else ops.h_out * ops.w_out
        held = INT16_BYTES * np.where(ops.is_depthwise, taps * ops.c_in, window * pixels)
    copies = (window_elems(ops, runtime) > 0) & ~(_small_windows(ops) & runtime.direct_depthwise)
    sums_up = ops.is_op("conv_transpose", "global_pool") & (ops.elem_bytes == 1) & runtime.interpreted
    return np.maximum(np.where(copies, held, 0.0), np.where(sums_up, SUM_BYTES * ops.output_elems, 0.0))


def _small_windows(ops: OpTable) -> np.ndarray:
    """``(ops, points)`` mask of depthwise windows of 3 x 3 with a border of at most one pixel a side."""
    small = ops.is_depthwise & (ops.kernel_h == 3) & (ops.kernel_w == 3)
    bottom = (ops.h_out - 1) * ops.stride_h + 3 - ops.h_in
    right = (ops.w_out - 1) * ops.stride_w + 3 - ops.w_in
    return small & (bottom <= 2) & (right <= 2)
