"""The block-based array, one op at a time: every block tried in turn, nested loops counted in plain numbers."""

from __future__ import annotations

from math import ceil, inf
from types import SimpleNamespace
from typing import Any

PARTS = (1, 2, 3, 4, 6, 8, 14, 28, 56, inf)
CHANNELS = (8, 16, 24, 32, 48, 64, 96, 128)


def up(count: float, quantum: float) -> float:
    return ceil(count / quantum) * quantum


def cycles(x: SimpleNamespace, array: Any) -> float:
    """Cycles of a convolution ``x``: the block that fetches least decides, then four cycles a step of a micro-block."""
    depthwise = x.groups > 1 and x.c_in_per_group == x.c_out_per_group == 1
    channels = x.groups if depthwise else x.c_out_per_group
    taps = x.kernel_h * x.kernel_w
    best: tuple[float, float] = (inf, inf)
    for parts_h in PARTS:
        for parts_w in PARTS:
            for most in CHANNELS:
                high = min(max(up(ceil(x.h_out / parts_h), array.ublock_h), array.ublock_h), 32)
                wide = min(max(up(ceil(x.w_out / parts_w), array.ublock_w), array.ublock_w), 64)
                deep = min(most, up(channels, array.ublock_c))
                high_in = min((high - 1) * x.stride_h + min((x.kernel_h - 1) * x.dilation_h + 1, 8), x.h_in)
                wide_in = min((wide - 1) * x.stride_w + min((x.kernel_w - 1) * x.dilation_w + 1, 8), x.w_in)
                deep_in = deep if depthwise else min(32, up(x.c_in_per_group, 8))
                if 2 * (high_in * wide_in * deep_in + 4 * high * wide * deep) > array.shram - 4096:
                    continue  # inputs and 32-bit sums, twice, beside 4 KiB of outputs and tables
                maps = ceil(x.h_out / high) * ceil(x.w_out / wide)
                blocks = maps * ceil(channels / deep)
                windows = ceil(x.kernel_h / 8) * ceil(x.kernel_w / 8)
                if depthwise:
                    fetched = high_in * wide_in * maps * windows * x.groups + taps * channels * maps
                    steps = ceil(taps / 4)
                else:
                    fetched = high_in * wide_in * blocks * windows * x.c_in_per_group
                    fetched += taps * channels * x.c_in_per_group * maps
                    steps = min(taps * ceil(x.c_in_per_group / 32), ceil(taps / 4) * ceil(x.c_in_per_group / 8))
                ublocks = ceil(high / array.ublock_h) * ceil(wide / array.ublock_w)
                # weights of a step are decoded in four cycles a channel of a micro-block, whatever the block
                products = max(4 * ublocks, 4 * array.ublock_c) * ceil(deep / array.ublock_c) * steps / array.cores
                output = high * wide * deep * array.output_cycles_per_elem["conv"]
                taken = max(products, output) * blocks + min(products, output)  # the first or last is not hidden
                if fetched < best[0]:
                    best = fetched, taken
    return best[1] * x.n * (1 if depthwise else x.groups)
