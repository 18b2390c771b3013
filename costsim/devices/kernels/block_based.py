"""Block-based arrays (Arm Ethos-U): the output is cut in blocks of micro-blocks, depth and taps go in fixed steps.

Formulas follow the performance estimation of Arm's compiler Vela 5.2.0, in our own words; they are a
model of a model. They ignore command fetch, weight compression and 16-bit data.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from costsim.devices.kernels.array_costs import ArrayCosts
from costsim.devices.kernels.rounding import round_up
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array

CYCLES_PER_STEP = 4.0
"""Cycles a micro-block spends on one step of depth and taps."""

DEPTH_STEP_CHANNELS = 32.0
"""Input channels of a depth-first step at 8 bit."""

PART_KERNEL_CHANNELS, PART_KERNEL_TAPS = 8.0, 4.0
"""Input channels and kernel taps of a part-kernel step."""

DEPTHWISE_TAPS = 4.0
"""Taps of a depthwise step."""

BRICK_CHANNELS = 16.0
"""Channels of a brick of the NHCWB16 layout: maps in memory are padded to it."""

SUM_BYTES, BUFFERS = 4.0, 2.0
"""A partial sum; sums and inputs are kept twice, so that blocks overlap."""

RESERVED_BYTES = 4 * 1024.0
"""Part of the array's own memory that holds finished outputs and tables."""

BLOCK_SIDES, BLOCK_CHANNELS = (1, 2, 4, 8, 16, 32), (8, 16, 24, 32, 48, 64, 96, 128)

BLOCKS = np.array(list(product(BLOCK_SIDES, (*BLOCK_SIDES, 64), BLOCK_CHANNELS)), dtype=np.float64)
"""``(candidates, 3)`` output blocks tried: rows, columns, channels."""


def block_costs(ops: OpTable, array: Any) -> ArrayCosts:
    """What the best output block costs every op: the block is searched, all candidates at once.

    Of the blocks whose input and sums fit the array's memory twice, the one that fetches fewest
    elements is taken::

        fetched = input block * blocks + kernel * spatial blocks
        products = max(4 ublocks of the block, 4 u_c) ublocks_c steps
        steps    = ceil(taps/4)                                            depthwise
                 = taps ceil(c_in/32) or ceil(taps/4) ceil(c_in/8)         whichever pads less
        cycles   = (max(products, output) blocks + min(products, output)) / cores

    ``4 u_c`` cycles decode the weights of a step; ``output`` is elements times ``output_cycles_per_elem``,
    pooling visits every tap. Depthwise 3x3 thus reaches 24 of 256 macs a cycle. Grouped convolutions
    run group by group.
    """
    block_h, block_w, block_c = BLOCKS.T[:, :, None, None]
    taps = ops.kernel_h * ops.kernel_w
    is_mac = ops.kind == MAC
    by_channel = ((ops.c_in_per_group == 1) & (ops.c_out_per_group == 1)) | ~is_mac
    channels = np.where(by_channel, ops.groups, ops.c_out_per_group)
    runs = ops.n * np.where(by_channel, 1.0, ops.groups)
    high = np.minimum(block_h, round_up(ops.h_out, array.ublock_h))
    wide = np.minimum(block_w, round_up(ops.w_out, array.ublock_w))
    deep = np.minimum(block_c, round_up(channels, array.ublock_c))
    high_in = np.minimum((high - 1) * ops.stride_h + (ops.kernel_h - 1) * ops.dilation_h + 1, ops.h_in)
    wide_in = np.minimum((wide - 1) * ops.stride_w + (ops.kernel_w - 1) * ops.dilation_w + 1, ops.w_in)
    deep_in = np.where(by_channel, deep, np.minimum(DEPTH_STEP_CHANNELS, round_up(ops.c_in_per_group, 8.0)))
    needs = BUFFERS * (high_in * wide_in * deep_in + SUM_BYTES * high * wide * deep)
    spatial_blocks = np.ceil(ops.h_out / high) * np.ceil(ops.w_out / wide)
    depth_blocks = np.ceil(channels / deep)
    stored_in = np.where(by_channel, round_up(ops.groups, BRICK_CHANNELS), round_up(ops.c_in_per_group, BRICK_CHANNELS))
    input_passes = np.where(by_channel, 1.0, depth_blocks)
    fetched_input = high_in * wide_in * stored_in * spatial_blocks * input_passes
    kernel = np.where(is_mac, taps * channels * np.where(by_channel, 1.0, ops.c_in_per_group), 0.0)
    fetched = fetched_input + kernel * spatial_blocks
    fits = (needs <= array.shram - RESERVED_BYTES) & (high % array.ublock_h == 0) & (wide % array.ublock_w == 0)
    fetched = np.where(fits, fetched, np.inf)
    best = np.argmin(fetched, axis=0)[None]

    def chosen(values: Array) -> Array:
        shape = np.broadcast_shapes(values.shape, fetched.shape)
        return np.take_along_axis(np.broadcast_to(values, shape), best, axis=0)[0]

    ublocks = chosen(np.ceil(high / array.ublock_h) * np.ceil(wide / array.ublock_w))
    ublocks_deep = chosen(np.ceil(deep / array.ublock_c))
    step = np.maximum(CYCLES_PER_STEP * ublocks, CYCLES_PER_STEP * array.ublock_c)
    products = np.where(is_mac, step * ublocks_deep * _steps(ops, by_channel), 0.0)
    pooling = np.maximum(CYCLES_PER_STEP, taps) * ublocks * ublocks_deep
    products = np.where(~is_mac & (taps > 1), pooling, products) / array.cores
    output = chosen(high * wide * deep) * _output_cycles_per_elem(ops, array)
    blocks = chosen(spatial_blocks * depth_blocks)
    cycles = np.maximum(products, output) * blocks + np.minimum(products, output)
    stored_out = round_up(ops.c_out, BRICK_CHANNELS) / ops.c_out
    other_inputs = np.maximum(ops.input_elems - ops.n * ops.c_in * ops.h_in * ops.w_in, 0.0)
    moved = runs * chosen(fetched_input) + other_inputs + ops.output_elems * stored_out
    return ArrayCosts(cycles * runs, moved + ops.weight_elems * chosen(spatial_blocks))


def _steps(ops: OpTable, by_channel: np.ndarray) -> Array:
    taps = ops.kernel_h * ops.kernel_w
    depth_first = taps * np.ceil(ops.c_in_per_group / DEPTH_STEP_CHANNELS)
    part_kernel = np.ceil(taps / PART_KERNEL_TAPS) * np.ceil(ops.c_in_per_group / PART_KERNEL_CHANNELS)
    return np.where(by_channel, np.ceil(taps / DEPTHWISE_TAPS), np.minimum(depth_first, part_kernel))


def _output_cycles_per_elem(ops: OpTable, array: Any) -> Array:
    table = array.output_cycles_per_elem
    return np.where(ops.kind == MAC, table["conv"], ops.by_op(table, table["default"]))
