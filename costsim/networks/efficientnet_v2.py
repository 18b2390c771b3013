"""EfficientNetV2 (Tan and Le 2021, arXiv 2104.00298), Table 4, and its B sizes (google/automl, efficientnetv2)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.common import published
from costsim.networks.inverted_residual import SqueezeExcite, inverted_residual
from costsim.networks.zoo import Family

ACT = "swish"


class Row(NamedTuple):
    """Repeats, stride, expansion, output channels; ``fused`` units expand by a 3x3, the others have squeeze-excites."""

    repeats: int
    stride: int
    expansion: int
    c_out: int
    fused: bool = False


# channels of the stem, rows
SMALL: tuple[int, tuple[Row, ...]] = (
    24,
    (
        Row(2, 1, 1, 24, True),
        Row(4, 2, 4, 48, True),
        Row(4, 2, 4, 64, True),
        Row(6, 2, 4, 128),
        Row(9, 1, 6, 160),
        Row(15, 2, 6, 256),
    ),
)
MEDIUM: tuple[int, tuple[Row, ...]] = (
    24,
    (
        Row(3, 1, 1, 24, True),
        Row(5, 2, 4, 48, True),
        Row(5, 2, 4, 80, True),
        Row(7, 2, 4, 160),
        Row(14, 1, 6, 176),
        Row(18, 2, 6, 304),
        Row(5, 1, 6, 512),
    ),
)
BASE: tuple[int, tuple[Row, ...]] = (
    32,
    (
        Row(1, 1, 1, 16, True),
        Row(2, 2, 4, 32, True),
        Row(2, 2, 4, 48, True),
        Row(3, 2, 4, 96),
        Row(5, 1, 6, 112),
        Row(8, 2, 6, 192),
    ),
)

# table, width and depth coefficients, image at inference
SIZES: dict[str, tuple[Any, float, float, int]] = {
    "b0": (BASE, 1.0, 1.0, 224),
    "b1": (BASE, 1.0, 1.1, 240),
    "b2": (BASE, 1.1, 1.2, 260),
    "b3": (BASE, 1.2, 1.4, 300),
    "s": (SMALL, 1.0, 1.0, 384),
    "m": (MEDIUM, 1.0, 1.0, 480),
}


def efficientnet_v2(
    *,
    name: str = "efficientnet_v2_s",
    size: str = "s",
    input_shape: tuple[int, int, int, int] | None = None,
    classes: int = 1000,
) -> LayerGraph:
    """Fused inverted residuals where maps are large, inverted residuals with squeeze-excite where they are small.

    The image is that of the paper's inference. The B sizes scale one table as EfficientNet did, and round channels
    to the nearest multiple of 8.
    """
    (c_stem, rows), width, depth, side = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*(input_shape or (1, 3, side, side)))
    with net.block("stem"):
        x = net.conv_bn(x, _rounded(c_stem * width), 3, ACT, stride=2)
    for stage, row in enumerate(rows, start=1):
        for unit in range(int(np.ceil(row.repeats * depth))):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                x = _unit(net, x, row, _rounded(row.c_out * width), row.stride if unit == 0 else 1)
    with net.block("conv_last"):
        x = net.conv_bn(x, _rounded(1280 * width), 1, ACT)
    with net.block("classifier"):
        net.linear(net.dropout(net.global_pool(x)), classes)
    return net.graph


def _unit(net: NetBuilder, x: Tensor, row: Row, c_out: int, stride: int) -> Tensor:
    shortcut = stride == 1 and x.c == c_out
    c_mid = row.expansion * x.c
    if not row.fused:
        squeeze = SqueezeExcite(x.c // 4, ACT)
        return inverted_residual(
            net, x, c_out, c_mid=c_mid, stride=stride, act=ACT, squeeze_excite=squeeze, shortcut=shortcut
        )
    if row.expansion == 1:
        y = net.conv_bn(x, c_out, 3, ACT, stride=stride)
    else:
        y = net.conv_bn(net.conv_bn(x, c_mid, 3, ACT, stride=stride), c_out, 1, act=None)
    return net.add_tensors(x, y) if shortcut else y


def _rounded(channels: float) -> int:
    return max(8, int(channels + 4) // 8 * 8)


FAMILY = Family(efficientnet_v2, {f"efficientnet_v2_{size}": {"size": size} for size in SIZES})
