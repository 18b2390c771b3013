"""RegNetY-400MF (Radosavovic et al. 2020, arXiv 2003.13678), Table 7 and equations 2 to 4."""

from __future__ import annotations

import numpy as np

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.resnet import residual
from costsim.networks.zoo import Family

STEM = 32
SE_RATIO = 4
"""Squeeze-excites have a quarter of each block's input channels."""


def regnet_y(
    *,
    name: str = "regnety_400mf",
    depth: int = 16,
    initial_width: float = 48,
    slope: float = 27.89,
    multiplier: float = 2.09,
    group_width: int = 8,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Bottlenecks of ratio 1 with group convolutions, their widths a quantised line over depth.

    ``depth``, ``initial_width``, ``slope``, ``multiplier`` and ``group_width`` are d, w0, wa, wm
    and g of the paper; every RegNetY follows from them.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, STEM, 3, stride=2)
    for stage, (width, units) in enumerate(stage_widths(depth, initial_width, slope, multiplier, group_width), start=1):
        for unit in range(units):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                stride = 2 if unit == 0 else 1
                y = branch(net, x, width, stride, group_width)
                x = residual(net, x, y, stride, projected=unit == 0)
    net.classifier(x, classes)
    return net.graph


def stage_widths(depth: int, w0: float, wa: float, wm: float, group_width: int) -> list[tuple[int, int]]:
    """Width and number of units of each stage: u = w0 + wa j, snapped to powers of wm and multiples of 8."""
    line = w0 + wa * np.arange(depth)
    powers = np.round(np.log(line / w0) / np.log(wm))
    widths, units = np.unique(np.round(w0 * wm**powers / 8) * 8, return_counts=True)
    fitting = np.round(widths / group_width) * group_width
    return [(int(w), int(n)) for w, n in zip(fitting, units, strict=True)]


def branch(net: NetBuilder, x: Tensor, c_out: int, stride: int, group_width: int) -> Tensor:
    """1x1, grouped 3x3, squeeze-excite, 1x1."""
    y = net.conv_bn(x, c_out, 1)
    y = net.conv_bn(y, c_out, 3, stride=stride, groups=c_out // group_width)
    y = net.squeeze_excite(y, x.c // SE_RATIO)
    return net.conv_bn(y, c_out, 1, act=None)


FAMILY = Family(regnet_y, {"regnety_400mf": {}})
