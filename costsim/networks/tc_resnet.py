"""TC-ResNet (Choi et al. 2019, arXiv 1904.03814), Figure 3: spoken keywords by convolutions along time."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.common import published, scaled
from costsim.networks.zoo import Family

KERNEL = (9, 1)

WIDTHS = {8: (16, 24, 32, 48), 14: (16, 24, 24, 32, 32, 48, 48)}
"""Channels of the first convolution and of the units, by depth; a unit that widens has stride 2."""


def tc_resnet(
    *,
    name: str = "tc_resnet8",
    depth: int = 8,
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 40, 101, 1),
    classes: int = 12,
) -> LayerGraph:
    """Residual units of 9x1 convolutions over 101 steps whose 40 coefficients are channels."""
    first, *units = published(WIDTHS, depth, "depth")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.conv(x, scaled(first, width), (3, 1))
    narrow = first
    for number, channels in enumerate(units, start=1):
        with net.block(f"unit{number}"):
            x = _unit(net, x, scaled(channels, width), 2 if channels > narrow else 1)
        narrow = channels
    with net.block("classifier"):
        net.linear(net.dropout(net.global_pool(x)), classes)
    return net.graph


def _unit(net: NetBuilder, x: Tensor, c_out: Any, stride: int) -> Tensor:
    y = net.conv_bn(x, c_out, KERNEL, stride=(stride, 1))
    y = net.conv_bn(y, c_out, KERNEL, act=None)
    shortcut = net.conv_bn(x, c_out, 1, stride=(stride, 1)) if stride > 1 else x
    return net.act(net.add_tensors(y, shortcut))


FAMILY = Family(
    tc_resnet,
    {f"tc_resnet{d}" + ("" if w == 1 else f"_{w:g}x"): {"depth": d, "width": w} for d in WIDTHS for w in (1, 1.5)},
)
