"""PoolFormer (Yu et al. 2021, arXiv 2111.11418), Table 1."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Arithmetic, GroupNorm
from costsim.networks.common import published
from costsim.networks.transformer import conv_feed_forward, dense, scale
from costsim.networks.zoo import Family


class Size(NamedTuple):
    """Channels and blocks of the four stages."""

    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]


SMALL, MEDIUM = (64, 128, 320, 512), (96, 192, 384, 768)

SIZES = {
    "s12": Size(SMALL, (2, 2, 6, 2)),
    "s24": Size(SMALL, (4, 4, 12, 4)),
    "s36": Size(SMALL, (6, 6, 18, 6)),
    "m36": Size(MEDIUM, (6, 6, 18, 6)),
    "m48": Size(MEDIUM, (8, 8, 24, 8)),
}


def poolformer(
    *,
    name: str = "poolformer_s12",
    size: str = "s12",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """A transformer whose attention is an average pooling of 3x3 pixels."""
    row = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    for stage, (width, depth) in enumerate(zip(row.widths, row.depths, strict=True), start=1):
        with net.block(f"stage{stage}"):
            with net.block("embedding"):
                kernel, stride, padding = (7, 4, 2) if stage == 1 else (3, 2, 1)
                x = net.conv(x, width, kernel, stride=stride, padding=padding, bias=True)
            for number in range(1, depth + 1):
                with net.block(f"block{number}"):
                    x = net.add_tensors(x, scale(net, pooled(net, net.add(GroupNorm(1), x)), width))
                    y = conv_feed_forward(net, net.add(GroupNorm(1), x), 4 * width)
                    x = net.add_tensors(x, scale(net, y, width))
    with net.block("classifier"):
        dense(net, net.flatten(net.global_pool(net.add(GroupNorm(1), x))), classes)
    return net.graph


def pooled(net: NetBuilder, x: Tensor) -> Tensor:
    """What its neighbours' mean has over a pixel."""
    return net.add(Arithmetic("sub"), net.avg_pool(x, 3, 1, padding=1), x)


FAMILY = Family(poolformer, {f"poolformer_{size}": {"size": size} for size in SIZES})
