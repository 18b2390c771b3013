"""PeleeNet (Wang et al. 2018, arXiv 1804.06882), Table 1 and Figures 1 and 2."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.zoo import Family

GROWTH = 32

# dense layers of every stage, and how much wider their bottlenecks are than half the growth
STAGES = ((3, 1), (4, 2), (8, 4), (6, 4))


def peleenet(
    *,
    name: str = "peleenet",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Dense layers of two branches, one with a 3x3 and one with two, with their norms behind the convolutions."""
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, GROWTH, 3, stride=2)
        y = net.conv_bn(net.conv_bn(x, GROWTH // 2, 1), GROWTH, 3, stride=2)
        x = net.conv_bn(net.concat(y, net.max_pool(x, 2)), GROWTH, 1)
    for stage, (layers, width) in enumerate(STAGES, start=1):
        with net.block(f"stage{stage}"):
            for layer in range(1, layers + 1):
                with net.block(f"layer{layer}"):
                    x = net.concat(x, *_branches(net, x, width * GROWTH // 2))
            with net.block("transition"):
                x = net.conv_bn(x, x.c, 1)
                x = net.avg_pool(x, 2) if stage < len(STAGES) else x
    with net.block("classifier"):
        net.linear(net.dropout(net.global_pool(x)), classes)
    return net.graph


def _branches(net: NetBuilder, x: Tensor, c_mid: int) -> tuple[Tensor, Tensor]:
    short = net.conv_bn(net.conv_bn(x, c_mid, 1), GROWTH // 2, 3)
    long = net.conv_bn(net.conv_bn(net.conv_bn(x, c_mid, 1), GROWTH // 2, 3), GROWTH // 2, 3)
    return short, long


FAMILY = Family(peleenet, {"peleenet": {}})
