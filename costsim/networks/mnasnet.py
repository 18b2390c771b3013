"""MnasNet-A1 and -B1 (Tan et al. 2018, arXiv 1807.11626), Figure 7 and the authors' released models."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.common import make_divisible, published
from costsim.networks.inverted_residual import Stage, inverted_residual_stages
from costsim.networks.zoo import Family

# repeats, kernel, expansion, output channels, stride, squeeze-excite
A1 = (
    Stage(1, 3, 1, 16, 1),
    Stage(2, 3, 6, 24, 2),
    Stage(3, 5, 3, 40, 2, True),
    Stage(4, 3, 6, 80, 2),
    Stage(2, 3, 6, 112, 1, True),
    Stage(3, 5, 6, 160, 2, True),
    Stage(1, 3, 6, 320, 1),
)
B1 = (
    Stage(1, 3, 1, 16, 1),
    Stage(3, 3, 3, 24, 2),
    Stage(3, 5, 3, 40, 2),
    Stage(3, 5, 6, 80, 2),
    Stage(2, 3, 6, 96, 1),
    Stage(4, 5, 6, 192, 2),
    Stage(1, 3, 6, 320, 1),
)

VERSIONS = {"a1": A1, "b1": B1}


def mnasnet(
    *,
    name: str = "mnasnet_a1",
    version: str = "a1",
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Inverted residuals found by a search on a Pixel phone: A1 with squeeze-excite, B1 without.

    ``width`` scales channels, rounded to multiples of 8.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, make_divisible(32 * width), 3, stride=2)
    x = inverted_residual_stages(net, x, published(VERSIONS, version, "version"), width=width, act="relu")
    with net.block("conv_last"):
        x = net.conv_bn(x, 1280, 1)
    net.classifier(x, classes)
    return net.graph


FAMILY = Family(mnasnet, {f"mnasnet_{version}": {"version": version} for version in VERSIONS})
