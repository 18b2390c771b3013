"""A network of about two thousand executed ops, as a search or an unrolled graph may bring."""

from __future__ import annotations

from costsim import LayerGraph, NetBuilder

STAGES, UNITS = 10, 29


def long_network(units: int = UNITS) -> LayerGraph:
    """Stages of so many units of the ShuffleNet V2 kind, 7 ops each: every class of op but the rare ones."""
    net = NetBuilder("long")
    x = net.input(1, 16, 32, 32)
    for stage in range(STAGES):
        for unit in range(units):
            with net.block(f"stage{stage}"), net.block(f"unit{unit}"):
                kept, worked = net.split(x, 8, 8)
                y = net.conv_bn(worked, 8, 1)
                y = net.depthwise_bn(y, 3, act=None)
                y = net.conv_bn(y, 8, 1)
                x = net.shuffle(net.concat(kept, y), 2)
    return net.graph
