"""RegNetX and RegNetY (Radosavovic et al. 2020, arXiv 2003.13678), Tables 5 to 7 and equations 2 to 4."""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.resnet import residual
from costsim.networks.zoo import Family

STEM = 32
SE_RATIO = 4
"""Squeeze-excites have a quarter of each block's input channels."""

# depth, initial width, slope, multiplier, group width
X: dict[str, tuple[Any, ...]] = {
    "200mf": (13, 24, 36.44, 2.49, 8),
    "400mf": (22, 24, 24.48, 2.54, 16),
    "600mf": (16, 48, 36.97, 2.24, 24),
    "800mf": (16, 56, 35.73, 2.28, 16),
    "1.6gf": (18, 80, 34.01, 2.25, 24),
    "3.2gf": (25, 88, 26.31, 2.25, 48),
    "4gf": (23, 96, 38.65, 2.43, 40),
    "6.4gf": (17, 184, 60.83, 2.07, 56),
    "8gf": (23, 80, 49.56, 2.88, 120),
}
Y: dict[str, tuple[Any, ...]] = {
    "200mf": (13, 24, 36.44, 2.49, 8),
    "400mf": (16, 48, 27.89, 2.09, 8),
    "600mf": (15, 48, 32.54, 2.32, 16),
    "800mf": (14, 56, 38.84, 2.4, 16),
    "1.6gf": (27, 48, 20.71, 2.65, 24),
    "3.2gf": (21, 80, 42.63, 2.66, 24),
    "4gf": (22, 96, 31.41, 2.24, 64),
    "6.4gf": (25, 112, 33.22, 2.27, 72),
    "8gf": (17, 192, 76.82, 2.19, 56),
}


def regnet(
    *,
    name: str = "regnety_400mf",
    depth: int = 16,
    initial_width: float = 48,
    slope: float = 27.89,
    multiplier: float = 2.09,
    group_width: int = 8,
    squeezed: bool = True,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Bottlenecks of ratio 1 with group convolutions, their widths a quantised line over depth.

    ``depth``, ``initial_width``, ``slope``, ``multiplier`` and ``group_width`` are d, w0, wa, wm
    and g of the paper; every RegNet follows from them. RegNetY is ``squeezed``: its bottlenecks have
    squeeze-excites.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, STEM, 3, stride=2)
    for stage, (width, units) in enumerate(stage_widths(depth, initial_width, slope, multiplier, group_width), start=1):
        for unit in range(units):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                stride = 2 if unit == 0 else 1
                y = branch(net, x, width, stride, min(group_width, width), squeezed)
                x = residual(net, x, y, stride, projected=unit == 0)
    net.classifier(x, classes)
    return net.graph


def stage_widths(depth: int, w0: float, wa: float, wm: float, group_width: int) -> list[tuple[int, int]]:
    """Width and number of units of each stage: u = w0 + wa j, snapped to powers of wm and multiples of 8.

    Last, they are rounded to multiples of the group width, where they are wider than one group.
    """
    line = w0 + wa * np.arange(depth)
    powers = np.round(np.log(line / w0) / np.log(wm))
    widths, units = np.unique(np.round(w0 * wm**powers / 8) * 8, return_counts=True)
    groups = np.minimum(group_width, widths)
    fitting = np.round(widths / groups) * groups
    return [(int(w), int(n)) for w, n in zip(fitting, units, strict=True)]


def branch(net: NetBuilder, x: Tensor, c_out: int, stride: int, group_width: int, squeezed: bool) -> Tensor:
    """1x1, grouped 3x3, squeeze-excite, 1x1."""
    y = net.conv_bn(x, c_out, 1)
    y = net.conv_bn(y, c_out, 3, stride=stride, groups=c_out // group_width)
    y = net.squeeze_excite(y, x.c // SE_RATIO) if squeezed else y
    return net.conv_bn(y, c_out, 1, act=None)


def _variants(letter: str, rows: dict[str, tuple[Any, ...]]) -> dict[str, dict[str, Any]]:
    names = ("depth", "initial_width", "slope", "multiplier", "group_width")
    squeezed = {"squeezed": letter == "y"}
    return {f"regnet{letter}_{size}": dict(zip(names, row, strict=True)) | squeezed for size, row in rows.items()}


REGNETX = Family(regnet, _variants("x", X))
REGNETY = Family(regnet, _variants("y", Y))
