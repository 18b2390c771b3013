"""Tensors in blocks of channels, op by op in plain Python: who writes them, which are copied, what direct kernels do.

Shares no code with the columns.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from costsim.tables.optable import OpTable
from tests.oracle.cache import missed
from tests.oracle.ops import OracleOp

CONVOLUTIONS = ("conv", "grouped_conv", "depthwise_conv")


class Layouts:
    """Which ops write blocks, walking the network in order, and which tensors are copied."""

    def __init__(self, ops: list[OracleOp], table: OpTable, rules: Any) -> None:
        self.ops, self.producers, self.rules = ops, table.producers, rules
        self.kept = [label.is_kept for label in table.labels]
        self.readers: list[list[int]] = [[] for _ in ops]
        for row, sources in enumerate(self.producers):
            for source in set(sources) - {-1}:
                self.readers[source].append(row)
        self.blocked: list[bool] = []
        for row in range(len(ops)):
            self.blocked.append(self.convolves(row) or self.carries(row))

    def convolves(self, row: int) -> bool:
        x, rules = self.ops[row].loops, self.rules
        if self.ops[row].word not in CONVOLUTIONS:
            return False
        if x.kernel_h * x.kernel_w * x.stride_h * x.stride_w == 1 and not rules.pointwise:
            return False
        if x.groups > 1 and not (x.c_in == x.c_out == 1):
            return x.c_in % rules.block == 0 and x.c_out % rules.block == 0
        small = self.ops[row].input_elems / x.n <= rules.small_input_elems and max(x.kernel_h, x.kernel_w) <= 3
        if x.groups == 1 and small:
            return False
        return self.is_image(row) or x.groups * x.c_in % rules.input_multiple == 0

    def is_image(self, row: int) -> bool:
        """Few input channels are read as they lie."""
        return self.ops[row].loops.groups == 1 and self.ops[row].loops.c_in < self.rules.block

    def carries(self, row: int) -> bool:
        sources = self.producers[row]
        if not self.rules.kept or self.ops[row].word not in self.rules.carriers or -1 in sources:
            return False
        whole = [self.channels(r) % self.rules.block == 0 for r in [row, *sources]]
        return all(whole) and all(self.blocked[source] for source in sources)

    def channels(self, row: int) -> float:
        return self.ops[row].loops.groups * self.ops[row].loops.c_out

    def reads_blocks(self, row: int) -> bool:
        return self.blocked[row] and not (self.convolves(row) and self.is_image(row))

    def copies(self, row: int) -> list[float]:
        """Elements read and written by each reordering copy this op is charged with."""
        op, x = self.ops[row], self.ops[row].loops
        output = op.output_elems / x.n * (1 + self.filled(self.channels(row)))
        image = op.input_elems / x.n * (1 + self.filled(x.groups * x.c_in))
        if not self.rules.kept:
            if not self.blocked[row]:
                return []
            return [output, *([image] if self.reads_blocks(row) else [])]
        wanted = [self.reads_blocks(reader) for reader in self.readers[row]]
        differs = any(want != self.blocked[row] for want in wanted)
        leaves = self.blocked[row] and (self.kept[row] or not wanted)  # results are handed out plain
        found = [output] if differs or leaves else []
        if self.reads_blocks(row) and -1 in self.producers[row]:
            found.append(image)
        return found

    def filled(self, channels: float) -> float:
        """Elements with whole blocks over those without."""
        return ceil(channels / self.rules.block) * self.rules.block / channels


class Direct:
    """The register tiles of one convolution over blocks, for one image."""

    def __init__(self, op: OracleOp, rules: Any, is_image: bool) -> None:
        self.x, self.rules, self.op = op.loops, rules, op
        x = self.x
        self.inputs, self.outputs, self.weights = op.input_elems / x.n, op.output_elems / x.n, op.weight_elems
        rows_lost, _ = self.clipped(x.h_in, x.h_out, x.kernel_h, x.stride_h, x.dilation_h)
        columns_lost, border = self.clipped(x.w_in, x.w_out, x.kernel_w, x.stride_w, x.dilation_w)
        taps_h = x.kernel_h - rows_lost / x.h_out
        self.taps, self.border_taps = taps_h * x.kernel_w, taps_h * (x.kernel_w - columns_lost / max(border, 1))
        if x.kernel_h == x.kernel_w == x.stride_h == x.stride_w == 1:  # rows run on into each other
            self.inside = ceil(x.h_out * x.w_out / rules.pixels)
        else:
            self.inside = x.h_out * ceil((x.w_out - border) / rules.pixels)
        self.borders = x.h_out * border
        self.tiles = self.inside + self.borders
        pixels = x.h_out * x.w_out
        self.pixel_taps = (pixels - self.borders) * self.taps + self.borders * self.border_taps
        self.tile_taps = self.inside * self.taps + self.borders * self.border_taps
        self.is_image = is_image

    @staticmethod
    def clipped(length_in: float, length_out: float, kernel: float, stride: float, dilation: float) -> Any:
        """(taps that fall outside, windows that lose any)."""
        overhang = max((length_out - 1) * stride + dilation * (kernel - 1) + 1 - length_in, 0)
        windows = min(ceil(overhang / stride), length_out)
        return min(overhang / 2 * (overhang / 2 + stride) / (stride * dilation), windows * (kernel - 1)), windows

    def count(self, elem_bytes: float, l1_bytes: float) -> dict[str, float]:
        x, rules, block = self.x, self.rules, self.rules.block
        if x.groups > 1 and x.c_in == 1:
            blocks = ceil(x.groups * x.c_out / block)
            return {
                "macs": blocks * block * self.pixel_taps,
                "loads": blocks * block * (self.pixel_taps + self.tile_taps),
                "l2_reads": self.inputs + self.outputs,
                "rereads": 0.0,
                "tiles": blocks * self.tiles,
                "items": blocks * x.h_out,
            }
        blocks = ceil(x.c_out / block)
        sets = ceil(blocks / rules.filters)
        depth = x.c_in if self.is_image else ceil(x.c_in / block) * block
        taps = x.kernel_h * x.kernel_w
        summed = depth if self.is_image else min(128 if taps == 1 else block, depth)
        weight_loads = x.groups * depth * blocks * block * self.tile_taps
        out = missed(min(blocks, rules.filters) * block * taps * summed * elem_bytes, l1_bytes / 2)
        again = (sets - 1) * self.inputs
        partial = ceil(depth / summed)
        return {
            "macs": x.groups * depth * blocks * block * self.pixel_taps,
            "loads": weight_loads + x.groups * depth * sets * block * self.pixel_taps / 2,
            "l2_reads": self.inputs + again + (2 * partial - 1) * self.outputs
            + out * weight_loads + (1 - out) * self.weights,
            "rereads": again,
            "tiles": x.groups * sets * partial * self.tiles,
            "items": x.groups * sets * x.h_out,
        }  # fmt: skip
