"""Random networks of the kinds people draw: stages of plain, residual, inverted, branched and shuffled blocks.

A seed is a network, and no two of them are alike. For laws on whole networks, and as the search
space of ``benchmarks/bench_topologies.py``.
"""

from __future__ import annotations

from random import Random

from costsim import LayerGraph, NetBuilder
from costsim.graph import Tensor

FEWEST, MOST = 20, 60
"""Layers of a network, norms and activations not counted; with them there are 94 in the mean."""

STAGES = 4


def network(seed: int, most: int = MOST) -> LayerGraph:
    """The network of a seed, of at most so many layers and at least a third of them."""
    rng = Random(seed)
    net = NetBuilder(f"random_{seed}", source="python")
    side, act = rng.choice((96, 128, 160, 192, 224)), rng.choice(("relu", "relu6", "hard_swish"))
    x = net.conv_bn(net.input(1, 3, side, side), 8 * rng.randint(1, 6), 3, act, stride=2)
    left = rng.randint(most // 3, most - STAGES) - STAGES - 3  # beside stem, stages and head
    for stage in range(STAGES):
        until = left * (STAGES - 1 - stage) // STAGES
        with net.block(f"stage{stage}"):
            x = halved(net, rng, x, act)
            number = 0
            while left > until:
                block, layers = rng.choice([(block, layers) for block, layers in BLOCKS if layers <= left - until])
                with net.block(f"block{number}"):
                    x = block(net, rng, x, act)
                left -= layers
                number += 1
    net.classifier(x, rng.choice((10, 100, 1000)))
    return net.graph


def halved(net: NetBuilder, rng: Random, x: Tensor, act: str) -> Tensor:
    """Half the side and more channels, by a convolution or behind a pooling."""
    channels = x.c + 8 * rng.randint(1, 12)
    if rng.random() < 0.3:
        return net.conv_bn(net.max_pool(x, 3, 2, padding=1), channels, 1, act)
    return net.conv_bn(x, channels, rng.choice((3, 5)), act, stride=2)


def plain(net: NetBuilder, rng: Random, x: Tensor, act: str) -> Tensor:
    return net.conv_bn(x, x.c + 8 * rng.randint(0, 2), rng.choice((1, 3)), act)


def residual(net: NetBuilder, rng: Random, x: Tensor, act: str) -> Tensor:
    """A bottleneck whose spatial convolution may have groups."""
    groups = rng.choice((1, 1, 2, 4))
    y = net.conv_bn(x, 8 * groups * rng.randint(1, 4), 1, act)
    y = net.conv_bn(y, y.c, 3, act, groups=groups)
    return net.act(net.add_tensors(net.conv_bn(y, x.c, 1, act=None), x), act)


def inverted(net: NetBuilder, rng: Random, x: Tensor, act: str) -> Tensor:
    y = net.conv_bn(x, x.c * rng.randint(2, 6), 1, act)
    y = net.depthwise_bn(y, rng.choice((3, 5, 7)), act)
    return net.add_tensors(net.conv_bn(y, x.c, 1, act=None), x)


def excited(net: NetBuilder, rng: Random, x: Tensor, act: str) -> Tensor:
    """A depthwise-separable convolution with squeeze and excitation in between."""
    y = net.squeeze_excite(net.depthwise_bn(x, rng.choice((3, 5)), act), 8 * rng.randint(1, 4))
    return net.conv_bn(y, x.c + 8 * rng.randint(0, 2), 1, act)


def branched(net: NetBuilder, rng: Random, x: Tensor, act: str) -> Tensor:
    """Three branches side by side, one of them behind a pooling."""
    wide = net.conv_bn(net.conv_bn(x, 8 * rng.randint(1, 6), 1, act), 8 * rng.randint(1, 8), rng.choice((3, 5)), act)
    pooled = net.conv_bn(net.avg_pool(x, 3, 1, padding=1), 8 * rng.randint(1, 4), 1, act)
    return net.concat(net.conv_bn(x, 8 * rng.randint(1, 8), 1, act), wide, pooled)


def shuffled(net: NetBuilder, rng: Random, x: Tensor, act: str) -> Tensor:
    """Half of the channels pass by, and the halves are mixed."""
    kept, worked = net.split(x, x.c // 2, x.c - x.c // 2)
    y = net.depthwise_bn(net.conv_bn(worked, worked.c, 1, act), 3, act=None)
    return net.shuffle(net.concat(kept, net.conv_bn(y, worked.c, 1, act)), 2)


BLOCKS = ((plain, 1), (residual, 4), (inverted, 4), (excited, 6), (branched, 6), (shuffled, 7))
"""Each with its layers."""
