"""VarGNet v1 and v2 (Zhang et al. 2019, arXiv 1907.05653), Tables 1 and 2 and Figure 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Dim
from costsim.networks.common import make_divisible
from costsim.networks.zoo import Family

# rows of the tables at 1x: down-sampling block's output channels, normal blocks after it
STAGES_V1 = ((64, 0), (128, 0), (256, 2), (512, 1))
STAGES_V2 = ((64, 2), (128, 6), (256, 3))

WIDTHS_V1 = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
WIDTHS_V2 = (*WIDTHS_V1, 2.0)

STEM = 32
CONV5 = 1024
"""Never narrower than this; above 1x it scales."""

REPEAT_MISPRINT = (
    "Table 1 prints 'Repeat 3' for the down-sampling block at 56x56; only a single block gives the eight "
    "multiply-add counts of Table 3, so that is what stands here",
)
UNCOUNTED = ("the paper gives the channels of this width but no multiply-adds to check them against",)


def vargnet_v1(
    *,
    name: str = "vargnet_v1",
    group_channels: Any = 8,
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Variable group convolutions: the channels per group are fixed, so the groups grow with the width.

    ``group_channels`` is the paper's G. Its multiply-adds are printed in units of 2^20. Table 1
    says "Repeat 3" for the down-sampling block at 56x56, which is a misprint for 1: no other
    reading gives Table 3.
    """
    notes = REPEAT_MISPRINT + (() if np.all(np.asarray(width) <= 1) else UNCOUNTED)
    net = NetBuilder(name, notes=notes)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.conv_bn(x, _channels(STEM, width, group_channels), 3, stride=2)
    return _body(net, x, STAGES_V1, width, group_channels, classes)


def vargnet_v2(
    *,
    name: str = "vargnet_v2",
    group_channels: Any = 8,
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """A head block in place of the first down-sampling, and more normal blocks.

    ``group_channels`` is the paper's G. The head block is a normal block of stride 2 with an
    expansion of 1 and a convolutional shortcut: neither is spelt out in the paper, and only both
    together give the multiply-adds of Table 4 (units of 2^20).
    """
    net = NetBuilder(name, notes=() if np.all(np.asarray(width) <= 1) else UNCOUNTED)
    x = net.input(*input_shape)
    stem = _channels(STEM, width, group_channels)
    with net.block("conv1"):
        x = net.conv_bn(x, stem, 3, stride=2)
    with net.block("head"):
        x = head_block(net, x, stem, group_channels)
    return _body(net, x, STAGES_V2, width, group_channels, classes)


def _body(net: NetBuilder, x: Tensor, stages: Any, width: Any, group_channels: Any, classes: int) -> LayerGraph:
    for stage, (c_out, normal_blocks) in enumerate(stages, start=2):
        with net.block(f"stage{stage}"):
            with net.block("down"):
                x = down_sampling_block(net, x, _channels(c_out, width, group_channels), group_channels)
            for number in range(normal_blocks):
                with net.block(f"normal{number + 1}"):
                    x = normal_block(net, x, group_channels)
    with net.block("conv5"):
        x = net.conv_bn(x, _channels(CONV5, np.maximum(1.0, width), group_channels), 1)
    net.classifier(x, classes)
    return net.graph


def _channels(channels: int, width: Any, group_channels: Any) -> Dim:
    return make_divisible(channels * width, group_channels)


def vgc(
    net: NetBuilder, x: Tensor, c_out: Dim, group_channels: Any, act: str | None = "relu", **options: Any
) -> Tensor:
    """Variable group convolution, 3x3 unless told otherwise, with batch norm."""
    kernel = options.pop("kernel", 3)
    return net.conv_bn(x, c_out, kernel, act, groups=x.c // group_channels, **options)


def separable(
    net: NetBuilder, x: Tensor, c_mid: Dim, c_out: Dim, group_channels: Any, stride: int = 1,
    act: str | None = "relu", mid_act: str = "relu",
) -> Tensor:  # fmt: skip
    """A variable group convolution to ``c_mid`` and a pointwise one to ``c_out``."""
    return net.conv_bn(vgc(net, x, c_mid, group_channels, mid_act, stride=stride), c_out, 1, act)


def normal_block(net: NetBuilder, x: Tensor, group_channels: Any) -> Tensor:
    """Figure 1a: C to 2C to C, twice, and the identity added."""
    y = separable(net, x, 2 * x.c, x.c, group_channels)
    y = separable(net, y, 2 * x.c, x.c, group_channels, act=None)
    return net.act(net.add_tensors(x, y))


def head_block(net: NetBuilder, x: Tensor, c_out: Dim, group_channels: Any) -> Tensor:
    """A normal block at stride 2 without expansion, its shortcut a separable convolution."""
    shortcut = separable(net, x, x.c, c_out, group_channels, stride=2, act=None)
    y = separable(net, x, x.c, c_out, group_channels, stride=2)
    y = separable(net, y, c_out, c_out, group_channels, act=None)
    return net.act(net.add_tensors(shortcut, y))


def down_sampling_block(net: NetBuilder, x: Tensor, c_out: Dim, group_channels: Any) -> Tensor:
    """Figure 1b: two parallel separable convolutions of stride 2 summed, a third, and a separable shortcut."""
    shortcut = separable(net, x, 2 * x.c, c_out, group_channels, stride=2, act=None)
    branches = (separable(net, x, 2 * x.c, c_out, group_channels, stride=2, act=None) for _ in range(2))
    y = net.act(net.add_tensors(*branches))
    y = separable(net, y, 2 * c_out, c_out, group_channels, act=None)
    return net.act(net.add_tensors(shortcut, y))


def _variants(version: str, widths: tuple[float, ...]) -> dict[str, dict[str, float]]:
    """With G in the name, and without it for the paper's preferred G = 8."""
    variants: dict[str, dict[str, float]] = {}
    for width in widths:
        for group_channels in (4, 8):
            options = {"group_channels": group_channels, "width": width}
            variants[f"vargnet_{version}_g{group_channels}_{width:g}x"] = options
        variants[f"vargnet_{version}_{width:g}x"] = {"group_channels": 8, "width": width}
    return variants


V1 = Family(vargnet_v1, _variants("v1", WIDTHS_V1))
V2 = Family(vargnet_v2, _variants("v2", WIDTHS_V2))
