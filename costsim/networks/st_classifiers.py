"""Classifiers of ST's model zoo (github.com/STMicroelectronics/stm32ai-modelzoo, image_classification/src/models)."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.common import make_divisible, scaled
from costsim.networks.inverted_residual import SqueezeExcite, inverted_residual
from costsim.networks.mobilenet_v1 import FAST_DOWNSAMPLING_BODY
from costsim.networks.zoo import Family

STEM_WIDTH, WIDTHS = 0.5, (0.75, 0.625, 0.5, 0.375, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25)
"""Of FD-MobileNet's channels: wide where the maps are large."""

EFFICIENTNET_WIDTH = 0.45
STAGES = (
    (1, 3, 1, 16, 1), (2, 3, 3, 24, 2), (2, 5, 3, 40, 2), (3, 3, 3, 80, 2), (3, 5, 3, 112, 1), (4, 5, 3, 192, 2),
    (1, 3, 3, 320, 1),
)  # fmt: skip
"""Repeats, kernel, expansion, channels before the width, stride."""


def st_fdmobilenet_v1(
    *, name: str = "st_fdmobilenet_v1", input_shape: tuple[int, int, int, int] = (1, 3, 224, 224), classes: int = 5
) -> LayerGraph:
    """FD-MobileNet whose width falls from 0.75 to 0.25 over its pairs."""
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.conv_bn(x, scaled(32, STEM_WIDTH), 3, stride=2)
    for pair, ((c_out, stride), width) in enumerate(zip(FAST_DOWNSAMPLING_BODY, WIDTHS, strict=True), start=1):
        with net.block(f"pair{pair}"):
            x = net.depthwise_bn(x, 3, stride=stride)
            x = net.conv_bn(x, scaled(c_out, width), 1)
    net.classifier(x, classes)
    return net.graph


def st_efficientnet_lc_v1(
    *, name: str = "st_efficientnet_lc_v1", input_shape: tuple[int, int, int, int] = (1, 3, 224, 224), classes: int = 5
) -> LayerGraph:
    """EfficientNet-B0 at 0.45 of its width with expansions of 3 and ReLU6, its squeeze-excites kept."""
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, make_divisible(32 * EFFICIENTNET_WIDTH), 3, "relu6", stride=2)
    for number, (repeats, kernel, expansion, channels, stride) in enumerate(STAGES, start=1):
        for unit in range(repeats):
            c_out = make_divisible(channels * EFFICIENTNET_WIDTH)
            with net.block(f"stage{number}"), net.block(f"unit{unit + 1}"):
                x = inverted_residual(
                    net, x, c_out,
                    c_mid=expansion * x.c if expansion > 1 else None,
                    kernel=kernel,
                    stride=stride if unit == 0 else 1,
                    squeeze_excite=SqueezeExcite(max(1, x.c // 4), "relu6"),
                    shortcut=unit > 0,
                )  # fmt: skip
    with net.block("conv_last"):
        x = net.conv_bn(x, make_divisible(1280 * EFFICIENTNET_WIDTH), 1, "relu6")
    net.classifier(x, classes)
    return net.graph


FD = Family(
    st_fdmobilenet_v1,
    {"st_fdmobilenet_v1": {}, "st_fdmobilenet_v1_128": {"input_shape": (1, 3, 128, 128)}},
)
EFFICIENTNET = Family(
    st_efficientnet_lc_v1,
    {"st_efficientnet_lc_v1": {}, "st_efficientnet_lc_v1_128": {"input_shape": (1, 3, 128, 128)}},
)
