"""IGCV3-D (Sun et al. 2018, arXiv 1806.00178), as the authors released it (homles11/IGCV3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Dim
from costsim.networks.common import make_divisible
from costsim.networks.zoo import Family

# output channels, repeats, stride of the first; twice MobileNetV2's depth ("D")
STAGES = ((16, 1, 1), (24, 4, 2), (32, 6, 2), (64, 8, 2), (96, 6, 1), (160, 6, 2), (320, 1, 1))

WIDTHS = (0.7, 0.8, 1.0, 1.4)

NOTE = (
    "the paper's '0.7x' scales parameters, not channels: a channel width near 0.8 (214.6 M) comes closest to the "
    "210 M that ShuffleNetV2 Table 8 prints for it; 1x is printed as 318 M and 1.4x as 610 M there, while the "
    "released network recounts to 313.0 and 582.3 M",
)


def igcv3_d(
    *,
    name: str = "igcv3_d",
    width: Any = 1.0,
    groups: Any = 2,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """MobileNetV2 at twice the depth, its pointwise convolutions grouped and interleaved by a shuffle.

    ``width`` scales channels, rounded to what ``groups`` divide. The paper's own labels scale parameters,
    and its channel counts beyond 1x were never published: no width gives all printed counts.
    """
    net = NetBuilder(name, notes=NOTE)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.conv_bn(x, make_divisible(32 * width, groups), 3, "relu6", stride=2)
    for stage, (c_out, repeats, first_stride) in enumerate(STAGES, start=1):
        for unit in range(repeats):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                expansion = 1 if stage == 1 else 6
                stride = first_stride if unit == 0 else 1
                y = interleaved_branch(net, x, make_divisible(c_out * width, groups), expansion, stride, groups)
                x = net.add_tensors(x, y) if unit > 0 else y
    with net.block("conv_last"):
        x = net.conv_bn(x, make_divisible(1280 * np.maximum(1.0, width), groups), 1, "relu6")
    net.classifier(x, classes)
    return net.graph


def interleaved_branch(net: NetBuilder, x: Tensor, c_out: Dim, expansion: int, stride: int, groups: Any) -> Tensor:
    """Grouped pointwise without activation, shuffle, depthwise 3x3, grouped linear pointwise."""
    y = net.conv_bn(x, expansion * x.c, 1, act=None, groups=groups)
    y = net.depthwise_bn(net.shuffle(y, groups), 3, "relu6", stride=stride)
    return net.conv_bn(y, c_out, 1, act=None, groups=groups)


FAMILY = Family(igcv3_d, {f"igcv3_d_{w:g}x": {"width": w} for w in WIDTHS})
