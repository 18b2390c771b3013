"""EfficientNet-B0 (Tan and Le 2019, arXiv 1905.11946), Table 1."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.common import make_divisible
from costsim.networks.inverted_residual import Stage, inverted_residual_stages
from costsim.networks.zoo import Family

# repeats, kernel, expansion, output channels, stride, squeeze-excite
STAGES = (
    Stage(1, 3, 1, 16, 1, True),
    Stage(2, 3, 6, 24, 2, True),
    Stage(2, 5, 6, 40, 2, True),
    Stage(3, 3, 6, 80, 2, True),
    Stage(3, 5, 6, 112, 1, True),
    Stage(4, 5, 6, 192, 2, True),
    Stage(1, 3, 6, 320, 1, True),
)


def efficientnet_b0(
    *,
    name: str = "efficientnet_b0",
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Inverted residuals with squeeze-excite and swish; the base that the paper scales up.

    ``width`` is the paper's width coefficient: channels are rounded to multiples of 8.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, make_divisible(32 * width), 3, "swish", stride=2)
    x = inverted_residual_stages(net, x, STAGES, width=width, act="swish")
    with net.block("conv_last"):
        x = net.conv_bn(x, make_divisible(1280 * width), 1, "swish")
    with net.block("classifier"):
        net.linear(net.dropout(net.global_pool(x)), classes)
    return net.graph


FAMILY = Family(efficientnet_b0, {"efficientnet_b0": {}})
