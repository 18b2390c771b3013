"""MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381), Table 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.common import make_divisible
from costsim.networks.inverted_residual import Stage, inverted_residual_stages
from costsim.networks.zoo import Family

# repeats, kernel, expansion, output channels, stride: (n, 3, t, c, s) in the paper
STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(2, 3, 6, 24, 2),
    Stage(3, 3, 6, 32, 2),
    Stage(4, 3, 6, 64, 2),
    Stage(3, 3, 6, 96, 1),
    Stage(3, 3, 6, 160, 2),
    Stage(1, 3, 6, 320, 1),
)

WIDTHS = (0.15, 0.25, 0.4, 0.5, 0.6, 0.75, 1.0, 1.3, 1.4, 1.5, 2.0)

TABLE_8_WIDTHS = (0.15, 0.4, 0.6, 0.75)
UNPUBLISHED = (
    "ShuffleNetV2 Table 8 lists 0.15x, 0.4x (160 pixels), 0.6x and 0.75x (192 pixels) as 'our impl.' with 39, 43, "
    "141 and 145 M multiply-adds; their channel counts were never published. The standard rounding to multiples "
    "of 8, used here, gives 30.6, 41.8, 151.0 and 153.9 M",
)


def mobilenet_v2(
    *,
    name: str = "mobilenet_v2",
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
    fewest_last: int = 1280,
) -> LayerGraph:
    """Inverted residuals: pointwise up, depthwise 3x3, linear pointwise down, shortcut between the thin ends.

    ``width`` scales all channels, rounded to multiples of 8; the last convolution never has
    fewer than ``fewest_last``, which networks for microcontrollers do without.
    """
    net = NetBuilder(name, notes=UNPUBLISHED if np.any(np.isin(width, TABLE_8_WIDTHS)) else ())
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.conv_bn(x, make_divisible(32 * width), 3, "relu6", stride=2)
    x = inverted_residual_stages(net, x, STAGES, width=width)
    with net.block("conv_last"):
        x = net.conv_bn(x, make_divisible(np.maximum(1280 * np.asarray(width), fewest_last)), 1, "relu6")
    net.classifier(x, classes)
    return net.graph


MCUNET = {0.3: 64, 0.35: 144}
"""Width and input side of the networks that MCUNet's authors compare with (github.com/mit-han-lab/mcunet)."""

FAMILY = Family(
    mobilenet_v2,
    {
        **{f"mobilenet_v2_{w:g}x": {"width": w} for w in WIDTHS},
        **{
            f"mobilenet_v2_mcunet_{w:g}x": {"width": w, "input_shape": (1, 3, side, side), "fewest_last": 0}
            for w, side in MCUNET.items()
        },
    },
)
