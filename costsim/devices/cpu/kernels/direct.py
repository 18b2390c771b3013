"""Direct convolution over tensors that keep blocks of channels together.

A register tile holds ``pixels`` neighbouring outputs of a row times ``filters`` blocks of output
channels. For every input channel and kernel tap it loads one vector of weights per filter block
and broadcasts one input per output, then multiplies all of them; nothing is packed or gathered
(Georganas et al. 2018, arXiv 1808.05567; onnxruntime core/mlas/lib/snchwc.cpp and
x86_64/SconvKernelAvx512F.asm: 6 outputs by 4 blocks of 16 channels).

Taps that fall outside the map are skipped: row by row of the kernel at its upper and lower edge, and
one output at a time at its left and right edge.

Ignored: cache lines shared by neighbouring rows, uneven padding, the latency of a multiply-add in
tiles of few outputs (measured, it does not show: the next tile begins before the last one ends).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.work import Rows, Sustains, Work
from costsim.devices.kernels.cache import miss_ratio
from costsim.devices.kernels.rounding import round_up
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array

SUM_CHANNELS = 128.0
"""Input channels a pointwise kernel sums up before it writes its outputs back; other kernels one block."""


BROADCAST = 0.5
"""Of a vector load: what it takes to read one number into all lanes."""


@dataclass(frozen=True)
class Tiles:
    """How a map is cut into register tiles along its rows, and the taps each pixel of them really computes."""

    inside: Array
    """Tiles whose windows lie inside the map."""
    borders: Array
    """Tiles of one pixel, whose window hangs over the map's edge."""
    pixels: Array
    """Of all tiles."""
    taps: Array
    """Of the kernel, less the rows that lie outside the map, on average."""
    border_taps: Array
    """The same of the pixels whose columns are clipped too."""

    @property
    def count(self) -> Array:
        return self.inside + self.borders

    @property
    def pixel_taps(self) -> Array:
        """Inputs read by all tiles, for one channel."""
        return (self.pixels - self.borders) * self.taps + self.borders * self.border_taps

    @property
    def tile_taps(self) -> Array:
        """Weights read by all tiles, for one channel."""
        return self.inside * self.taps + self.borders * self.border_taps


def tiles_of(ops: OpTable, pixels: Any) -> Tiles:
    """The tiles of every op; rows of a pointwise kernel of stride 1 run on into each other."""
    rows_lost, _ = _clipped(ops.h_in, ops.h_out, ops.kernel_h, ops.stride_h, ops.dilation_h)
    columns_lost, border = _clipped(ops.w_in, ops.w_out, ops.kernel_w, ops.stride_w, ops.dilation_w)
    runs_on = (ops.kernel_h * ops.kernel_w == 1) & (ops.stride_h == 1) & (ops.stride_w == 1)
    rows = np.where(runs_on, 1.0, ops.h_out)
    inside = np.where(runs_on, ops.h_out * ops.w_out, ops.w_out - border)
    taps_h = ops.kernel_h - rows_lost / ops.h_out
    return Tiles(
        inside=rows * np.ceil(inside / pixels),
        borders=rows * border,
        taps=taps_h * ops.kernel_w,
        border_taps=taps_h * (ops.kernel_w - columns_lost / np.maximum(border, 1.0)),
        pixels=ops.h_out * ops.w_out,
    )


def _clipped(length_in: Array, length_out: Array, kernel: Array, stride: Array, dilation: Array) -> tuple[Array, Array]:
    """(taps outside the map, windows that have any) along one axis; the border is taken to be even."""
    seen = (length_out - 1) * stride + dilation * (kernel - 1) + 1
    side = np.maximum(seen - length_in, 0.0) / 2
    windows = np.minimum(np.ceil(2 * side / stride), length_out)
    lost = side * (side + stride) / (stride * dilation)
    return np.minimum(lost, windows * (kernel - 1)), windows


class Direct:
    """Dense and grouped convolutions whose output lies in blocks of channels."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """Mask ``(ops, points)``."""
        return rows.layout.blocked & (rows.ops.kind == MAC) & ~rows.ops.is_depthwise

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """Register tiles of ``pixels`` outputs by ``filters`` blocks of ``block`` output channels.

            macs     = groups depth blocks block pixel_taps            blocks = ceil(c_out / block)
            loads    = groups depth block (blocks tile_taps + sets pixel_taps / 2)   sets = ceil(blocks / filters)
            l2_reads = sets input + (2 partial - 1) output + out weight loads + (1 - out) weights
            tiles    = groups sets partial tiles                       partial = ceil(depth / summed)

        with channels of one group, ``depth`` its input channels in whole blocks unless they are read plain, and
        ``out`` the share of a tile's weights that half of the first cache level does not hold.

        Source: onnxruntime core/mlas/lib/snchwc.cpp and the module's docstring. Ignores: what the module ignores.
        Error: not measured apart from whole networks (4.7 % mean on the 36 of ``epyc_zen4``).
        """
        ops, rules, reads_plain = rows.ops, machine.runtime.blocks, rows.layout.reads_plain
        taps, tiles = ops.kernel_h * ops.kernel_w, tiles_of(ops, rules.pixels)
        blocks = np.ceil(ops.c_out_per_group / rules.block)
        sets = np.ceil(blocks / rules.filters)
        depth = np.where(reads_plain, ops.c_in_per_group, round_up(ops.c_in_per_group, rules.block))
        summed = np.minimum(np.where(reads_plain, depth, np.where(taps == 1, SUM_CHANNELS, rules.block)), depth)
        partial = np.ceil(depth / summed)
        weight_loads = ops.groups * depth * blocks * rules.block * tiles.tile_taps
        weights = np.minimum(blocks, rules.filters) * rules.block * taps * summed
        thrown_out = miss_ratio(weights * ops.elem_bytes, machine.l1_bytes / 2)
        rereads = (sets - 1) * ops.input_elems
        return Work(
            macs=ops.groups * depth * blocks * rules.block * tiles.pixel_taps,
            loads=weight_loads + ops.groups * depth * sets * rules.block * BROADCAST * tiles.pixel_taps,
            l2_reads=ops.input_elems
            + rereads
            + (2 * partial - 1) * ops.output_elems
            + thrown_out * weight_loads
            + (1 - thrown_out) * ops.weight_elems,
            rereads=rereads,
            reread_from=ops.input_elems,
            tiles=ops.groups * sets * partial * tiles.count,
            items=ops.groups * sets * ops.h_out,
            weight_bytes=ops.weight_bytes,
            sustains=Sustains.DIRECT,
            calls=1.0,
        )


class DirectDepthwise:
    """Depthwise convolutions whose output lies in blocks of channels."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """Mask ``(ops, points)``."""
        return rows.layout.blocked & rows.ops.is_depthwise

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """Every tap loads its weights once a tile and its input once an output.

            macs  = blocks block pixel_taps                  blocks = ceil(c_out / block)
            loads = blocks block (pixel_taps + tile_taps)

        Source, what is ignored and error: as of ``Direct.work``.
        """
        ops, rules = rows.ops, machine.runtime.blocks
        tiles, blocks = tiles_of(ops, rules.pixels), np.ceil(ops.c_out / rules.block)
        return Work(
            macs=blocks * rules.block * tiles.pixel_taps,
            loads=blocks * rules.block * (tiles.pixel_taps + tiles.tile_taps),
            l2_reads=ops.input_elems + ops.output_elems,
            tiles=blocks * tiles.count,
            items=blocks * ops.h_out,
            weight_bytes=ops.weight_bytes,
            sustains=Sustains.DIRECT_DEPTHWISE,
            calls=1.0,
        )


def macs_inside(ops: OpTable) -> Array:
    """Multiply-accumulates whose input lies inside the map: direct kernels skip the others."""
    everywhere = ops.h_out * ops.w_out * ops.kernel_h * ops.kernel_w
    return ops.macs * tiles_of(ops, 1.0).pixel_taps / everywhere
