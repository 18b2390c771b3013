"""IGCV2 (Xie et al. 2018, arXiv 1804.06202): MobileNet with interleaved sparse pointwise convolutions."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Dim
from costsim.networks.common import make_divisible
from costsim.networks.mobilenet_v1 import BODY
from costsim.networks.zoo import Family

WIDTHS = (0.25, 0.5, 1.0)

NOTE = (
    "no layer table was found in any source: MobileNet v1 with each pointwise convolution replaced by two "
    "interleaved ones of 8 groups, at 1.84 times its channels, is an assumption: the factor is fitted to the printed "
    "46, 156 and 564 M multiply-adds, which it gives",
)


def igcv2(
    *,
    name: str = "igcv2",
    width: Any = 1.0,
    groups: Any = 8,
    widening: Any = 1.84,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Each pointwise convolution of MobileNet becomes two sparse ones of ``groups``, a permutation between them.

    The layer table was never published. Assumed here: 8 groups and, spending what two times 1/8
    save, ``widening`` times MobileNet's channels. The one factor is fitted to the printed 46, 156
    and 564 M multiply-adds (0.25x, 0.5x, 1x), so these confirm nothing about the layers.
    """
    net = NetBuilder(name, notes=NOTE)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.conv_bn(x, make_divisible(32 * width * widening, groups), 3, stride=2)
    for pair, (c_out, stride) in enumerate(BODY, start=1):
        with net.block(f"pair{pair}"):
            x = net.depthwise_bn(x, 3, stride=stride)
            x = interleaved_pointwise(net, x, make_divisible(c_out * width * widening, groups), groups)
    net.classifier(x, classes)
    return net.graph


def interleaved_pointwise(net: NetBuilder, x: Tensor, c_out: Dim, groups: Any) -> Tensor:
    """Two group convolutions; the shuffle lets every output see every input of some group."""
    y = net.conv_bn(x, c_out, 1, act=None, groups=groups)
    return net.conv_bn(net.shuffle(y, groups), c_out, 1, groups=groups)


FAMILY = Family(igcv2, {f"igcv2_{w:g}x": {"width": w} for w in WIDTHS})
