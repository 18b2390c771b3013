"""InceptionNeXt (Yu et al. 2023, arXiv 2303.16900), Table 2."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.common import published
from costsim.networks.transformer import conv_feed_forward, dense, layer_norm, scale
from costsim.networks.zoo import Family

EXPANSIONS = (4, 4, 4, 3)


class Size(NamedTuple):
    """Channels of the first stage, which every further one doubles, blocks, and the convolved branches.

    Each of the three branches has ``share`` of the channels; the bands are ``band`` pixels long.
    """

    width: int
    depths: tuple[int, int, int, int]
    share: float = 1 / 8
    band: int = 11


SIZES = {
    "atto": Size(40, (2, 2, 6, 2), 1 / 4, 9),
    "tiny": Size(96, (3, 3, 9, 3)),
    "small": Size(96, (3, 3, 27, 3)),
    "base": Size(128, (3, 3, 27, 3)),
}


def inception_next(
    *,
    name: str = "inception_next_tiny",
    size: str = "tiny",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """ConvNeXt whose depthwise 7x7 is a 3x3, two bands of 1x11 and 11x1, and an identity, side by side."""
    row = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    for stage, (depth, expansion) in enumerate(zip(row.depths, EXPANSIONS, strict=True), start=1):
        c_out = row.width * 2 ** (stage - 1)
        with net.block(f"stage{stage}"):
            with net.block("downsample"):
                if stage == 1:
                    x = net.conv_bn(x, c_out, 4, act=None, stride=4, padding=0, bias=True)
                else:
                    x = net.conv(net.bn(x), c_out, 2, stride=2, padding=0, bias=True)
            for number in range(1, depth + 1):
                with net.block(f"block{number}"):
                    y = net.bn(_mixed(net, x, int(c_out * row.share), row.band))
                    x = net.add_tensors(scale(net, conv_feed_forward(net, y, expansion * c_out), c_out), x)
    with net.block("classifier"):
        y = net.act(dense(net, net.flatten(net.global_pool(x)), 3 * x.c), "gelu")
        dense(net, net.dropout(layer_norm(net, y)), classes)
    return net.graph


def _mixed(net: NetBuilder, x: Tensor, c_branch: int, band: int) -> Tensor:
    same, *parts = net.split(x, x.c - 3 * c_branch, c_branch, c_branch, c_branch)
    kernels = (3, (1, band), (band, 1))
    convs = [net.conv(y, y.c, k, groups=y.c, bias=True) for y, k in zip(parts, kernels, strict=True)]
    return net.concat(same, *convs)


FAMILY = Family(inception_next, {f"inception_next_{size}": {"size": size} for size in SIZES})
