"""Block-based arrays (Arm Ethos-U): the output is cut in micro-blocks, depth and taps go in fixed steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.devices.kernels.rounding import round_up
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array, stack

CYCLES_PER_STEP = 4.0
"""Cycles a micro-block spends on one step of depth and taps."""

DEPTH_STEP_CHANNELS = 32.0
"""Input channels of a depth-first step at 8 bit."""

PART_KERNEL_CHANNELS, PART_KERNEL_TAPS = 8.0, 4.0
"""Input channels and kernel taps of a part-kernel step."""

DEPTHWISE_TAPS = 4.0
"""Taps of a depthwise step."""


def block_cycles(ops: OpTable, array: Any) -> Array:
    """Cycles of the array alone, ``(ops, points)``: the slower of products and output stage.

        products = max(4 ceil(h/u_h) ceil(w/u_w), 4 u_c) n ceil(c_out/u_c) steps
        steps    = ceil(taps/4)                       depthwise
                 = min(taps ceil(c_in/32),            depth first
                       ceil(taps/4) ceil(c_in/8))     part kernel
        output   = elements * output_cycles_per_elem

    divided over the cores; ``4 u_c`` is the time to decode the weights of a step. Depthwise 3x3 thus
    reaches 24 of 256 macs a cycle. Grouped convolutions run group by group.

    Source: Arm Vela 5.2.0, performance estimation of the compiler, in our own words.
    """
    taps = ops.kernel_h * ops.kernel_w
    depthwise = (ops.c_in_per_group == 1) & (ops.c_out_per_group == 1)
    channels = np.where(depthwise, ops.groups, ops.c_out_per_group)
    spatial = CYCLES_PER_STEP * np.ceil(ops.h_out / array.ublock_h) * np.ceil(ops.w_out / array.ublock_w)
    step_cycles = np.maximum(spatial, CYCLES_PER_STEP * array.ublock_c) * ops.n * np.ceil(channels / array.ublock_c)
    depth_first = taps * np.ceil(ops.c_in_per_group / DEPTH_STEP_CHANNELS)
    part_kernel = np.ceil(taps / PART_KERNEL_TAPS) * np.ceil(ops.c_in_per_group / PART_KERNEL_CHANNELS)
    steps = np.where(depthwise, np.ceil(taps / DEPTHWISE_TAPS), np.minimum(depth_first, part_kernel))
    runs = np.where(depthwise, 1.0, ops.groups)
    products = np.where(ops.kind == MAC, step_cycles * steps * runs, 0.0)
    return np.maximum(products, output_stage_cycles(ops, array)) / array.cores


def output_stage_cycles(ops: OpTable, array: Any) -> Array:
    """Cycles to scale, clamp and write every output element, ``(ops, points)``; pooling visits each tap."""
    table = array.output_cycles_per_elem
    per_element = stack([table.get(label.op, table["default"]) for label in ops.labels])
    per_element = np.where(ops.kind == MAC, table["conv"], per_element)
    window = np.where(ops.kind == MAC, 1.0, np.maximum(1.0, ops.kernel_h * ops.kernel_w / CYCLES_PER_STEP))
    return ops.n * ops.c_out * ops.h_out * ops.w_out * per_element * window


def block_onchip_elems(ops: OpTable, array: Any) -> Array:
    """Elements moved between memory and the array's own buffers, ``(ops, points)``.

    The block of the output whose sums (4 bytes) fill half of ``shram`` decides the re-reads: inputs
    once per block of depth, weights once per spatial block. Channels move in bricks of 16.
    """
    depthwise = (ops.c_in_per_group == 1) & (ops.c_out_per_group == 1)
    depth = np.where(depthwise, ops.groups, ops.c_out_per_group)
    block_c = np.minimum(MAX_BLOCK_CHANNELS, round_up(depth, array.ublock_c))
    block_pixels = np.maximum(array.shram / 2 / 4 / block_c, array.ublock_h * array.ublock_w)
    side = np.sqrt(block_pixels)
    overlap = np.minimum(1 + (ops.kernel_h - ops.stride_h) / (side * ops.stride_h), ops.kernel_h)
    overlap = np.maximum(overlap, 1.0) ** 2
    depth_passes = np.where(depthwise, 1.0, np.ceil(depth / block_c))
    spatial_passes = np.ceil(ops.h_out * ops.w_out / block_pixels)
    brick = round_up(ops.c_in, BRICK_CHANNELS) / ops.c_in
    inputs = ops.input_elems * brick * np.where(ops.kind == MAC, depth_passes * overlap, 1.0)
    return inputs + ops.weight_elems * spatial_passes + ops.output_elems


MAX_BLOCK_CHANNELS = 128.0
"""Largest depth of an output block."""

BRICK_CHANNELS = 16.0
"""Channels of a brick of the NHCWB16 layout."""
