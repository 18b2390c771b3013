"""StarNet (Ma et al. 2024, arXiv 2403.19967), Table 9."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.common import published
from costsim.networks.zoo import Family

EXPANSION = 4


class Size(NamedTuple):
    """Channels of the first stage, which every further one doubles, and blocks of each."""

    width: int
    depths: tuple[int, int, int, int]


SIZES = {
    "s1": Size(24, (2, 2, 8, 3)),
    "s2": Size(32, (1, 2, 6, 2)),
    "s3": Size(32, (2, 2, 8, 4)),
    "s4": Size(32, (3, 3, 12, 5)),
}


def starnet(
    *,
    name: str = "starnet_s1",
    size: str = "s1",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Blocks that multiply two pointwise branches (the star operation) between depthwise 7x7 convolutions."""
    width, depths = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, 32, 3, "relu6", stride=2, bias=True)
    for stage, depth in enumerate(depths, start=1):
        with net.block(f"stage{stage}"):
            with net.block("downsample"):
                x = net.conv_bn(x, width * 2 ** (stage - 1), 3, act=None, stride=2, bias=True)
            for number in range(1, depth + 1):
                with net.block(f"block{number}"):
                    x = net.add_tensors(x, _star(net, x))
    net.classifier(net.bn(x), classes)
    return net.graph


def _star(net: NetBuilder, x: Tensor) -> Tensor:
    y = net.depthwise_bn(x, 7, act=None, bias=True)
    left, right = (net.conv(y, EXPANSION * x.c, bias=True) for _ in range(2))
    y = net.conv_bn(net.multiply(net.act(left, "relu6"), right), x.c, 1, act=None, bias=True)
    return net.conv(y, x.c, 7, groups=x.c, bias=True)


FAMILY = Family(starnet, {f"starnet_{size}": {"size": size} for size in SIZES})
