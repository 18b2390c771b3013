"""NanoDet-m (github.com/RangiLyu/nanodet, config/legacy_v0.x_configs/nanodet-m.yml)."""

from __future__ import annotations

from collections.abc import Sequence

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Reshape, Upsample
from costsim.networks.backbone import WIDE_HEAD, attach_backbone
from costsim.networks.zoo import Family

WIDTH = 96
ACT = "leaky_relu"
STACKED = 2
BINS = 8
"""Values of the distribution that each side of a box is predicted as."""

NOTE = ("the boxes' decoding from their distributions and non-maximum suppression are not counted",)


def nanodet(
    *,
    name: str = "nanodet_m",
    backbone: str = "shufflenet_v2_1x_torchvision",
    input_shape: tuple[int, int, int, int] = (1, 3, 320, 320),
    classes: int = 80,
) -> LayerGraph:
    """ShuffleNetV2, a two-way pyramid of interpolations without any convolution, separable towers of two layers.

    ``classes`` have no background. The released backbone has leaky ReLU where ShuffleNetV2, and this one, has ReLU.
    """
    net = NetBuilder(name, notes=NOTE)
    maps = attach_backbone(net, net.input(*input_shape), backbone, without=WIDE_HEAD)
    with net.block("pyramid"):
        levels = _pyramid(net, [maps[stride] for stride in (8, 16, 32)])
    outputs = []
    for number, x in enumerate(levels, start=1):
        with net.block("head"), net.block(f"level{number}"):
            for _ in range(STACKED):
                x = net.conv_bn(net.depthwise_bn(x, 3, ACT), WIDTH, 1, ACT)
            y = net.conv(x, classes + 4 * BINS, 1, bias=True)
            outputs.append(net.add(Reshape((classes + 4 * BINS, -1)), y))
    with net.block("head"):
        net.act(net.concat(*outputs, axis=2), "sigmoid")
    return net.graph


def _pyramid(net: NetBuilder, maps: Sequence[Tensor]) -> list[Tensor]:
    """Maps in 96 channels; coarse ones are enlarged and added to fine ones, then fine ones shrunk and added back."""
    fine, middle, coarse = (net.conv(x, WIDTH, 1, bias=True) for x in maps)

    def added(x: Tensor, other: Tensor) -> Tensor:
        return net.add_tensors(x, net.add(Upsample(None, x.shape[2:], "bilinear"), other))

    middle = added(middle, coarse)
    fine = added(fine, middle)
    middle = added(middle, fine)
    return [fine, middle, added(coarse, middle)]


FAMILY = Family(nanodet, {"nanodet_m": {}})
