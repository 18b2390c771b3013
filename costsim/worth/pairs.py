"""Controlled pairs: networks of equal multiply-accumulates that differ in what one guideline is about.

Each series begins with the network that follows the guideline; the others break it further and further. The same
series comes in several sizes, since a price is one of a size: what the largest does not fit, a small one may.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import isqrt

from costsim.graph import LayerGraph
from costsim.networks import micro, micro_vargnet

Series = tuple[LayerGraph, ...]

SIZES = ((56, 128), (32, 128), (16, 32))
"""Side of the maps and channels: the micro-networks of ShuffleNet V2, its later stages, and a microcontroller's."""


@dataclass(frozen=True)
class Pair:
    """Two networks of equal multiply-accumulates; ``broken`` follows the guideline less than ``kept``."""

    kept: LayerGraph
    broken: LayerGraph


def pairs(guideline: str) -> Iterator[Pair]:
    """The pairs of G1 to G4 and V1 to V3, the first network of each series against the others."""
    for side, c in SIZES:
        kept, *others = SERIES[guideline](side, c)
        yield from (Pair(kept, broken) for broken in others)


@cache
def channel_ratios(side: int, c: int) -> Series:
    """G1: pairs of 1x1 convolutions of 1:1, 1:4 and 1:16 channels."""
    return tuple(micro.channel_ratio(c // ratio, c * ratio, side=side) for ratio in (1, 2, 4))


@cache
def group_counts(side: int, c: int) -> Series:
    """G2: 1, 4 and 16 groups, channels 1, 2 and 4 times as many."""
    return tuple(micro.pointwise_groups(c * root, root * root, side=side) for root in (1, 2, 4))


@cache
def fragment_counts(side: int, c: int) -> Series:
    """G3: one convolution a block, four half as wide in series, four in parallel."""
    one = micro.fragments(c, 1, side=side)
    return one, *(micro.fragments(c, 4, parallel=parallel, side=side) for parallel in (False, True))


@cache
def elementwise_ops(side: int, c: int) -> Series:
    """G4: bottlenecks without ReLU and shortcut, with either, with both."""
    kinds = ((False, False), (True, False), (False, True), (True, True))
    return tuple(micro.bottlenecks(2 * c, relu=relu, shortcut=shortcut, side=side) for relu, shortcut in kinds)


@cache
def border_maps(side: int, c: int) -> Series:
    """V1: shortcuts between narrow maps, then between wider ones, with the narrow maps inside the blocks."""
    return tuple(micro_vargnet.borders(outer, c * c // outer, side=side) for outer in (c // 2, c, 2 * c))


@cache
def intensities(side: int, c: int) -> Series:
    """V2: 3x3 convolutions as intense as the 1x1 ones beside them, then less and less, down to depthwise ones.

    ``c / 8`` channels a group come nearest to ``9 G = c``. Widths are whole groups and multiples of ``c / 16`` near to
    equal multiply-accumulates; what is left of them is taken out of the times.
    """
    group = c // 8
    macs = 2 * c * c + 9 * group * c
    series = ((own, _width(macs, own, max(own, c // 16))) for own in (group, isqrt(group), 1))
    return tuple(micro_vargnet.group_channels(width, own, side=side) for own, width in series)


def _width(macs: float, group: int, multiple: int) -> int:
    """Channels ``c`` with ``2 c^2 + 9 G c = macs`` a pixel, to the nearest multiple."""
    c = ((81 * group**2 + 8 * macs) ** 0.5 - 9 * group) / 4
    return max(1, round(c / multiple)) * multiple


@cache
def maps_and_weights(side: int, c: int) -> Series:
    """V3: half the side and twice the channels, twice: half the maps and four times the weights at each step."""
    return tuple(micro_vargnet.maps_or_weights(c * step, side=side // step) for step in (2, 4, 8))


SERIES = {
    "G1": channel_ratios,
    "G2": group_counts,
    "G3": fragment_counts,
    "G4": elementwise_ops,
    "V1": border_maps,
    "V2": intensities,
    "V3": maps_and_weights,
}
"""By guideline: a side and a width give a series."""
