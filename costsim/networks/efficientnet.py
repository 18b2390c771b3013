"""EfficientNet (Tan and Le 2019, arXiv 1905.11946), Table 1, scaled up, and its lite form (tensorflow/tpu)."""

from __future__ import annotations

from typing import Any

import numpy as np

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

# width and depth coefficients, image
SCALES = {
    "b0": (1.0, 1.0, 224),
    "b1": (1.0, 1.1, 240),
    "b2": (1.1, 1.2, 260),
    "b3": (1.2, 1.4, 300),
    "b4": (1.4, 1.8, 380),
    "b5": (1.6, 2.2, 456),
    "b6": (1.8, 2.6, 528),
    "b7": (2.0, 3.1, 600),
}
LITE_SCALES = {
    "lite0": (1.0, 1.0, 224),
    "lite1": (1.0, 1.1, 240),
    "lite2": (1.1, 1.2, 260),
    "lite3": (1.2, 1.4, 280),
    "lite4": (1.4, 1.8, 300),
}


def efficientnet(
    *,
    name: str = "efficientnet_b0",
    width: Any = 1.0,
    depth: float = 1.0,
    lite: bool = False,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Inverted residuals with squeeze-excite and swish.

    ``width`` and ``depth`` are the paper's coefficients: channels are rounded to multiples of 8, repeats up. The
    ``lite`` form is for integer accelerators: ReLU6, no squeeze-excites, first and last stage as they are.
    """
    net = NetBuilder(name)
    act = "relu6" if lite else "swish"
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, 32 if lite else make_divisible(32 * width), 3, act, stride=2)
    x = inverted_residual_stages(net, x, _scaled(depth, lite), width=width, act=act)
    with net.block("conv_last"):
        x = net.conv_bn(x, 1280 if lite else make_divisible(1280 * width), 1, act)
    with net.block("classifier"):
        net.linear(net.dropout(net.global_pool(x)), classes)
    return net.graph


def _scaled(depth: float, lite: bool) -> list[Stage]:
    fixed = (STAGES[0], STAGES[-1]) if lite else ()
    return [
        stage._replace(
            repeats=stage.repeats if stage in fixed else int(np.ceil(stage.repeats * depth)),
            squeezed=stage.squeezed and not lite,
        )
        for stage in STAGES
    ]


def _variants(scales: dict[str, tuple[float, float, int]], lite: bool) -> dict[str, dict[str, Any]]:
    return {
        f"efficientnet_{size}": {"width": width, "depth": depth, "lite": lite, "input_shape": (1, 3, side, side)}
        for size, (width, depth, side) in scales.items()
    }


FAMILY = Family(efficientnet, _variants(SCALES, lite=False))
LITE = Family(efficientnet, _variants(LITE_SCALES, lite=True))
