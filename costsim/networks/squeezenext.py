"""SqueezeNext (Gholami et al. 2018, arXiv 1803.10615), Figures 1 and 9."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.common import published, scaled
from costsim.networks.zoo import Family

WIDTHS = (32, 64, 128, 256)
DEPTHS = {"23": (6, 6, 8, 1), "23_v5": (2, 4, 14, 1)}


def squeezenext(
    *,
    name: str = "squeezenext_23_1x",
    version: str = "23",
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Two squeezing 1x1 convolutions, 1x3 and 3x1 bands, an expanding 1x1; 23 units, in ``23_v5`` placed for hardware.

    ``width`` scales all channels. Convolutions have a bias in front of their batch norm.
    """
    depths = published(DEPTHS, version, "version")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, scaled(64, width), 7, stride=2, padding=1, bias=True)
        x = net.max_pool(x, 3, 2, ceil_mode=True)
    for stage, (channels, depth) in enumerate(zip(WIDTHS, depths, strict=True), start=1):
        for unit in range(depth):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                x = _unit(net, x, scaled(channels, width), first=unit == 0, stride=2 if unit == 0 and stage > 1 else 1)
    with net.block("conv_last"):
        x = net.conv_bn(x, scaled(128, width), 1, bias=True)
    net.classifier(x, classes)
    return net.graph


def _unit(net: NetBuilder, x: Tensor, c_out: Any, *, first: bool, stride: int) -> Tensor:
    """A quarter of the input's channels inside; where they halve an eighth, where the map shrinks half."""
    share = 1 if stride == 2 else 4 if first else 2
    y = x
    for channels, kernel, step in (
        (x.c // share, 1, stride), (x.c // (2 * share), 1, 1), (x.c // share, (1, 3), 1), (x.c // share, (3, 1), 1),
    ):  # fmt: skip
        y = net.conv_bn(y, channels, kernel, stride=step, bias=True)
    y = net.conv_bn(y, c_out, 1, bias=True)
    shortcut = net.conv_bn(x, c_out, 1, stride=stride, bias=True) if first else x
    return net.act(net.add_tensors(y, shortcut))


FAMILY = Family(
    squeezenext,
    {f"squeezenext_{v}_{w:g}x": {"version": v, "width": w} for v in DEPTHS for w in (1.0, 1.5, 2.0)},
)
