"""PP-LCNet (Cui et al. 2021, arXiv 2109.15099), Table 1."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.common import make_divisible
from costsim.networks.zoo import Family

ACT = "hard_swish"

# kernel, output channels, stride, squeeze-excite
UNITS = (
    (3, 32, 1, False),
    (3, 64, 2, False),
    (3, 64, 1, False),
    (3, 128, 2, False),
    (3, 128, 1, False),
    (3, 256, 2, False),
    *((5, 256, 1, False),) * 5,
    (5, 512, 2, True),
    (5, 512, 1, True),
)

WIDTHS = (0.25, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5)


def lcnet(
    *,
    name: str = "lcnet_1x",
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """MobileNet v1's pairs with hard-swish, 5x5 and squeeze-excites at the end, one wide layer behind the pooling.

    ``width`` scales all channels but that layer's, rounded to multiples of 8.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, make_divisible(16 * width), 3, ACT, stride=2)
    for number, (kernel, c_out, stride, squeezed) in enumerate(UNITS, start=1):
        with net.block(f"unit{number}"):
            x = net.depthwise_bn(x, kernel, ACT, stride=stride)
            x = net.squeeze_excite(x, x.c // 4, gate="hard_sigmoid") if squeezed else x
            x = net.conv_bn(x, make_divisible(c_out * width), 1, ACT)
    with net.block("classifier"):
        x = net.act(net.conv(net.global_pool(x), 1280, bias=True), ACT)
        net.linear(net.dropout(x), classes)
    return net.graph


FAMILY = Family(lcnet, {f"lcnet_{width:g}x": {"width": width} for width in WIDTHS})
