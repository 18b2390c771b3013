"""Block-based arrays (Arm Ethos-U): the output is cut in blocks of micro-blocks, depth and taps go in fixed steps.

Formulas follow the performance estimation of Arm's compiler Vela 5.2.0, in our own words; they are a
model of a model. They ignore command fetch, weight compression and 16-bit data.

Expected error against Vela's own cycles, on the 113 ops of MobileNet v2 on three configurations that the array bounds:
5 % in the mean, 2 % in the median, 37 % at worst (an addition); the ops of each configuration together within 2 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from costsim.devices.accelerator.arrays.base import ArrayCosts, MacArray
from costsim.devices.kernels.rounding import round_up
from costsim.errors import DoesNotFitError
from costsim.hardware.declared import PositiveFloat, PositiveInt, check
from costsim.hardware.effects import Effect
from costsim.hardware.profile import Bytes
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array

MACS_PER_UBLOCK_ELEM = 8
"""Input channels summed into one output element a cycle: macs a cycle over micro-block size."""

CYCLES_PER_STEP = 4.0
"""Cycles a micro-block spends on one step of depth and taps."""

DEPTH_STEP_CHANNELS = 32.0
"""Input channels of a depth-first step at 8 bit."""

PART_KERNEL_CHANNELS, PART_KERNEL_TAPS = 8.0, 4.0
"""Input channels and kernel taps of a part-kernel step."""

DEPTHWISE_TAPS = 4.0
"""Taps of a depthwise step."""

SUB_KERNEL_SIDE = 8.0
"""Taller and wider kernels run as several, each over its own part of the window."""

BRICK_CHANNELS = 16.0
"""Channels of a brick of the NHCWB16 layout: maps in memory are padded to it."""

SUM_BYTES, BUFFERS = 4.0, 2.0
"""A partial sum; sums and inputs are kept twice, so that blocks overlap."""

RESERVED_BYTES = 4 * 1024.0
"""Part of the array's own memory that holds finished outputs and tables."""

MOST_ROWS, MOST_COLUMNS = 32.0, 64.0
"""Sides of the largest output block."""

PARTS, BLOCK_CHANNELS = (1, 2, 3, 4, 6, 8, 14, 28, 56, np.inf), (8, 16, 24, 32, 48, 64, 96, 128)

BLOCKS = np.array(list(product(PARTS, PARTS, BLOCK_CHANNELS)), dtype=np.float64)
"""``(candidates, 3)`` output blocks tried: parts the map's rows and columns are cut in (infinitely many: the smallest
block), and channels."""


class BlockArray(MacArray):
    """Block-based (Ethos-U): micro-blocks of the output, input depth and kernel taps in fixed steps.

    Larger micro-blocks may be slower: more of them stays empty at the borders of a map.
    """

    runs_all_ops: ClassVar[bool] = True

    kind: Literal["block"]
    cores: Annotated[PositiveInt, Effect.FASTER]
    ublock_h: PositiveInt
    ublock_w: PositiveInt
    ublock_c: PositiveInt
    shram: Bytes
    """Buffer of the blocks. Larger ones may be slower: the compiler takes the largest that fits, not the fastest."""
    output_cycles_per_elem: dict[str, Annotated[PositiveFloat, Effect.SLOWER]]
    """Cycles the output stage needs an element, by op; ``conv`` and ``default`` must be there."""

    @property
    def macs_per_cycle(self) -> Any:
        return self.cores * self.ublock_h * self.ublock_w * self.ublock_c * MACS_PER_UBLOCK_ELEM

    @property
    def in_words(self) -> str:
        ublock = f"{self.ublock_h}x{self.ublock_w}x{self.ublock_c}"
        return f"{self.cores} {'core' if self.cores == 1 else 'cores'} with micro-blocks of {ublock} make"

    @property
    def grain(self) -> tuple[Any, Any]:
        return self.ublock_c, self.ublock_c

    def costs(self, ops: OpTable) -> ArrayCosts:
        blocks = _candidates(ops, self)
        _require_a_block(ops, self, blocks)
        return block_costs(ops, self, blocks.fewest_fetched())

    @check
    def _check_output_stage(self) -> None:
        if missing := {"conv", "default"} - set(self.output_cycles_per_elem):
            raise ValueError(f"output_cycles_per_elem lacks {sorted(missing)[0]}")


def block_costs(ops: OpTable, array: BlockArray, block: dict[str, Array]) -> ArrayCosts:
    """What every op costs in its output block, ``(ops, points)``::

        products = max(4 ublocks of the block, 4 u_c) ublocks_c steps
        steps    = ceil(taps/4)                                            depthwise
                 = taps ceil(c_in/32) or ceil(taps/4) ceil(c_in/8)         whichever pads less
        cycles   = (max(products, output) blocks + min(products, output)) / cores

    ``4 u_c`` cycles decode the weights of a step; ``output`` is elements times ``output_cycles_per_elem``,
    pooling takes 4 cycles a tap. Depthwise 3x3 thus reaches 24 of 256 macs a cycle. Large windows run as
    sub-kernels, each with an input block of its own; grouped convolutions run group by group.

    Args:
        ops: the rows.
        array: the geometry.
        block: the counts and sizes of ``Blocks``, ``(ops, points)`` each.
    """
    taps, is_mac, by_channel = ops.kernel_h * ops.kernel_w, ops.kind == MAC, _by_channel(ops)
    runs = ops.n * np.where(by_channel, 1.0, ops.groups)
    step = np.maximum(CYCLES_PER_STEP * block["ublocks"], CYCLES_PER_STEP * array.ublock_c)
    products = np.where(is_mac, step * block["ublocks_deep"] * _steps(ops, by_channel), 0.0)
    pooling = CYCLES_PER_STEP * taps * block["ublocks"] * block["ublocks_deep"]
    products = np.where(~is_mac & (taps > 1), pooling, products) / array.cores
    output = block["elems"] * _output_cycles_per_elem(ops, array)
    cycles = np.maximum(products, output) * block["count"] + np.minimum(products, output)
    stored_in = round_up(np.where(by_channel, ops.groups, ops.c_in_per_group), BRICK_CHANNELS)
    stored_out = round_up(ops.c_out, BRICK_CHANNELS) / ops.c_out
    other_inputs = np.maximum(ops.input_elems - ops.n * ops.c_in * ops.h_in * ops.w_in, 0.0)
    moved = runs * block["pixels"] * stored_in + other_inputs + ops.output_elems * stored_out
    return ArrayCosts(
        cycles=cycles * runs,
        onchip_elems=moved + ops.weight_elems * block["spatial_count"],
        input_fetch_ratio=block["pixels_in_ublocks"] / (ops.h_in * ops.w_in),
        channels_at_once=block["deep_in"],
    )


@dataclass(frozen=True)
class Blocks:
    """The output blocks tried for every op. Arrays are ``(candidates, ops, points)``."""

    needs_bytes: Array
    """Of the array's own memory: input and sums, twice."""
    fits: np.ndarray
    fetched_elems: Array
    """Input blocks, and the kernel once for each spatial block."""
    sizes: dict[str, Array]
    """Counts and sizes of each block, as the costs ask for them."""

    def fewest_fetched(self) -> dict[str, Array]:
        """Of the blocks that fit, the one that fetches fewest elements; ``(ops, points)``."""
        best = np.argmin(np.where(self.fits, self.fetched_elems, np.inf), axis=0)[None]
        shape = self.fetched_elems.shape
        return {n: np.take_along_axis(np.broadcast_to(a, shape), best, axis=0)[0] for n, a in self.sizes.items()}


def _candidates(ops: OpTable, array: BlockArray) -> Blocks:
    parts_h, parts_w, block_c = BLOCKS.T[:, :, None, None]
    by_channel = _by_channel(ops)
    channels = np.where(by_channel, ops.groups, ops.c_out_per_group)
    high = np.clip(round_up(np.ceil(ops.h_out / parts_h), array.ublock_h), array.ublock_h, MOST_ROWS)
    wide = np.clip(round_up(np.ceil(ops.w_out / parts_w), array.ublock_w), array.ublock_w, MOST_COLUMNS)
    deep = np.minimum(block_c, round_up(channels, array.ublock_c))
    window_h = np.minimum((ops.kernel_h - 1) * ops.dilation_h + 1, SUB_KERNEL_SIDE)
    window_w = np.minimum((ops.kernel_w - 1) * ops.dilation_w + 1, SUB_KERNEL_SIDE)
    high_in = np.minimum((high - 1) * ops.stride_h + window_h, ops.h_in)
    wide_in = np.minimum((wide - 1) * ops.stride_w + window_w, ops.w_in)
    deep_in = np.where(by_channel, deep, np.minimum(DEPTH_STEP_CHANNELS, round_up(ops.c_in_per_group, 8.0)))
    needs = BUFFERS * (high_in * wide_in * deep_in + SUM_BYTES * high * wide * deep)
    spatial_count, deep_count = np.ceil(ops.h_out / high) * np.ceil(ops.w_out / wide), np.ceil(channels / deep)
    sub_kernels = np.ceil(ops.kernel_h / SUB_KERNEL_SIDE) * np.ceil(ops.kernel_w / SUB_KERNEL_SIDE)
    passes = spatial_count * np.where(by_channel, 1.0, deep_count) * sub_kernels
    in_ublocks = [
        np.minimum(round_up(side, ublock), whole)
        for side, ublock, whole in ((high_in, array.ublock_h, ops.h_in), (wide_in, array.ublock_w, ops.w_in))
    ]
    depth_in = np.where(by_channel, 1.0, ops.c_in_per_group)
    kernel = np.where(ops.kind == MAC, ops.kernel_h * ops.kernel_w * channels * depth_in, 0.0)
    fetched = high_in * wide_in * passes * np.where(by_channel, ops.groups, depth_in) + kernel * spatial_count
    return Blocks(
        needs_bytes=needs,
        fits=needs <= array.shram - RESERVED_BYTES,
        fetched_elems=fetched,
        sizes={
            "ublocks": np.ceil(high / array.ublock_h) * np.ceil(wide / array.ublock_w),
            "ublocks_deep": np.ceil(deep / array.ublock_c),
            "elems": high * wide * deep,
            "count": spatial_count * deep_count,
            "spatial_count": spatial_count,
            "pixels": high_in * wide_in * passes,
            "pixels_in_ublocks": in_ublocks[0] * in_ublocks[1] * passes,
            "deep_in": deep_in,
        },
    )


def _require_a_block(ops: OpTable, array: BlockArray, blocks: Blocks) -> None:
    """Refuse convolutions of which the array's memory holds no block; poolings of whole maps run in parts.

    Raises:
        DoesNotFitError: it names the op and the memory it needs.
    """
    runs = blocks.fits.any(axis=0) | (ops.kind != MAC)
    if runs.all():
        return
    row = int(np.argmin(runs.all(axis=1)))
    least = np.ceil((blocks.needs_bytes.min(axis=0)[row].max() + RESERVED_BYTES) / 1024)
    raise DoesNotFitError(
        f"its smallest block needs {least:.0f} KiB of the array's own memory, "
        f"there are {np.min(array.shram) / 1024:g} KiB; set array.shram to at least {least:.0f} KiB",
        where=ops.labels[row].name,
    )


def _by_channel(ops: OpTable) -> np.ndarray:
    """Rows that sum over no input channels: depthwise ones and those without weights."""
    return (ops.is_depthwise & (ops.c_out_per_group == 1)) | (ops.kind != MAC)


def _steps(ops: OpTable, by_channel: np.ndarray) -> Array:
    taps = ops.kernel_h * ops.kernel_w
    depth_first = taps * np.ceil(ops.c_in_per_group / DEPTH_STEP_CHANNELS)
    part_kernel = np.ceil(taps / PART_KERNEL_TAPS) * np.ceil(ops.c_in_per_group / PART_KERNEL_CHANNELS)
    return np.where(by_channel, np.ceil(taps / DEPTHWISE_TAPS), np.minimum(depth_first, part_kernel))


def _output_cycles_per_elem(ops: OpTable, array: BlockArray) -> Array:
    table = array.output_cycles_per_elem
    return np.where(ops.kind == MAC, table["conv"], ops.by_op(table, table["default"]))
