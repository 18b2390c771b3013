"""Controlled micro-networks for the two guidelines of VarGNet (Zhang et al. 2019, arXiv 1907.05653) and its buffer.

As those of ``micro`` isolate G1 to G4, each of these changes one thing at constant multiply-adds: ten blocks, none of
them in the zoo.
"""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.micro import BLOCKS


def borders(outer: int, inner: int, *, side: int) -> LayerGraph:
    """V1, Proposition 1: blocks ``outer`` to ``inner`` channels and back with a shortcut between the outer maps.

    ``outer`` times ``inner`` constant keeps multiply-adds, and swapping the two keeps G1's memory access as well: only
    what crosses the borders of blocks, and is summed there, grows with ``outer``.
    """
    net = NetBuilder(f"v1_{outer}_{inner}", source="arXiv 1907.05653")
    x = net.input(1, outer, side, side)
    for block in range(BLOCKS):
        with net.block(f"block{block + 1}"):
            x = net.add_tensors(x, net.conv(net.conv(x, inner), outer))
    return net.graph


def group_channels(c: int, channels: int, *, side: int) -> LayerGraph:
    """V2, Proposition 2: 1x1, 3x3 group convolution of ``channels`` channels a group, 1x1."""
    net = NetBuilder(f"v2_{c}_{channels}", source="arXiv 1907.05653")
    x = net.input(1, c, side, side)
    for block in range(BLOCKS):
        with net.block(f"block{block + 1}"):
            x = net.conv(net.conv(net.conv(x, c), c, 3, groups=c // channels), c)
    return net.graph


def maps_or_weights(c: int, *, side: int) -> LayerGraph:
    """V3: blocks of two 1x1 convolutions of ``c`` channels; half the side and twice the channels are the same macs.

    Each step has half the maps and four times the weights: the buffer a block needs grows with its weights.
    """
    net = NetBuilder(f"v3_{c}_at_{side}", source="arXiv 1907.05653")
    x = net.input(1, c, side, side)
    for block in range(BLOCKS):
        with net.block(f"block{block + 1}"):
            x = net.conv(net.conv(x, c), c)
    return net.graph
