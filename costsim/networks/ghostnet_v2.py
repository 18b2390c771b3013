"""GhostNetV2 (Tang et al. 2022, arXiv 2211.12905), Figure 4, on the table of GhostNet (arXiv 1911.11907)."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Dim, Upsample
from costsim.networks.common import make_divisible
from costsim.networks.ghostnet import BOTTLENECKS, ghost_module
from costsim.networks.zoo import Family

WIDTHS = (1.0, 1.3, 1.6)
ATTENDING = 2
"""Bottlenecks before the first whose expansion attends."""


def ghostnet_v2(
    *,
    name: str = "ghostnet_v2_1x",
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """GhostNet whose expansions are scaled by a gate of long range: two depthwise bands of 1x5 and 5x1 on half the map.

    ``width`` scales channels, rounded to multiples of 4.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, make_divisible(16 * width, 4), 3, stride=2)
    for number, (kernel, expanded, c_out, squeezed, stride) in enumerate(BOTTLENECKS, start=1):
        with net.block(f"bneck{number}"):
            c_mid, c_out = make_divisible(expanded * width, 4), make_divisible(c_out * width, 4)
            y = ghost_module(net, x, c_mid)
            if number > ATTENDING:
                y = net.multiply(y, gate(net, x, y))
            if stride > 1:
                y = net.depthwise_bn(y, kernel, act=None, stride=stride)
            if squeezed:
                y = net.squeeze_excite(y, make_divisible(c_mid / 4, 4), gate="hard_sigmoid")
            y = ghost_module(net, y, c_out, act=None)
            x = net.add_tensors(y, x if stride == 1 and x.c == c_out else _shortcut(net, x, c_out, kernel, stride))
    with net.block("conv_last"):
        x = net.conv_bn(x, make_divisible(960 * width, 4), 1)
    with net.block("classifier"):
        x = net.act(net.conv(net.global_pool(x), 1280, bias=True))
        net.linear(net.dropout(x), classes)
    return net.graph


def gate(net: NetBuilder, x: Tensor, like: Tensor) -> Tensor:
    """Decoupled fully connected attention: a gate for every value of ``like``, from a map of half its side."""
    y = net.conv_bn(net.avg_pool(x, 2), like.c, 1, act=None)
    y = net.depthwise_bn(net.depthwise_bn(y, (1, 5), act=None), (5, 1), act="sigmoid")
    return net.add(Upsample(None, like.shape[2:]), y)


def _shortcut(net: NetBuilder, x: Tensor, c_out: Dim, kernel: int, stride: int) -> Tensor:
    return net.conv_bn(net.depthwise_bn(x, kernel, act=None, stride=stride), c_out, 1, act=None)


FAMILY = Family(ghostnet_v2, {f"ghostnet_v2_{width:g}x": {"width": width} for width in WIDTHS})
