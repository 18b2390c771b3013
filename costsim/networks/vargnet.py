"""VarGNet v1 and v2 (Zhang et al. 2019, arXiv 1907.05653), Tables 1 and 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.vargnet_blocks import Style, down_sampling_block, head_block, normal_block
from costsim.networks.zoo import Family

Stages = tuple[tuple[int, int], ...]

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
    style = Style(group_channels)
    with net.block("conv1"):
        x = net.conv_bn(x, style.channels(STEM, width), 3, stride=2)
    return _body(net, x, STAGES_V1, width, style, classes)


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
    style = Style(group_channels)
    stem = style.channels(STEM, width)
    with net.block("conv1"):
        x = net.conv_bn(x, stem, 3, stride=2)
    with net.block("head"):
        x = head_block(net, x, stem, style)
    return _body(net, x, STAGES_V2, width, style, classes)


def _body(net: NetBuilder, x: Tensor, stages: Stages, width: Any, style: Style, classes: int) -> LayerGraph:
    x = varg_stages(net, x, stages, width, style)
    with net.block("conv5"):
        x = net.conv_bn(x, style.channels(CONV5, np.maximum(1.0, width)), 1)
    net.classifier(x, classes)
    return net.graph


def varg_stages(net: NetBuilder, x: Tensor, stages: Stages, width: Any, style: Style) -> Tensor:
    """Stages of one down-sampling block and some normal ones."""
    for stage, (c_out, normal_blocks) in enumerate(stages, start=2):
        with net.block(f"stage{stage}"):
            with net.block("down"):
                x = down_sampling_block(net, x, style.channels(c_out, width), style)
            for number in range(normal_blocks):
                with net.block(f"normal{number + 1}"):
                    x = normal_block(net, x, style)
    return x


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
