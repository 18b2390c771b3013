"""VarGFaceNet (Yan et al. 2019, arXiv 1910.04985), Table 1 and the authors' code (zma-c-137/VarGFaceNet @ a937852)."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.vargnet import CONV5, STAGES_V2, STEM, varg_stages
from costsim.networks.vargnet_blocks import Style, head_block, vgc
from costsim.networks.zoo import Family


def vargfacenet(
    *,
    name: str = "vargfacenet",
    group_channels: Any = 8,
    width: Any = 1.25,
    embedding: int = 512,
    input_shape: tuple[int, int, int, int] = (1, 3, 112, 112),
) -> LayerGraph:
    """VarGNet v2 for faces: PReLU, squeeze-excite, a first convolution of stride 1, a cheap embedding.

    The embedding replaces a large fully connected layer: pointwise to 1024 channels, a variable
    group convolution over the whole map, pointwise, fully connected. The published 1 G FLOPs are
    two per multiply-accumulate. The 19,730 slopes of its PReLUs are parameters here: counts that
    leave them out say 5.18 M instead of 5.199 M.
    """
    style = Style(group_channels, "prelu", se_reduction=4)
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.conv_bn(x, style.channels(STEM, width), 3, "prelu")
    with net.block("head"):
        x = head_block(net, x, x.c, style)
    x = varg_stages(net, x, STAGES_V2, width, style)
    with net.block("embedding"):
        x = net.conv_bn(x, CONV5, 1, "prelu")
        x = vgc(net, x, CONV5, style, kernel=7, padding=0)
        x = net.conv_bn(x, embedding, 1, "prelu")
        net.bn(net.linear(x, embedding))
    return net.graph


FAMILY = Family(vargfacenet, {"vargfacenet": {}})
