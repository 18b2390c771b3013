"""TSM (Lin et al. 2018, arXiv 1811.08383): ResNet-50 with channels shifted between the frames of a clip."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.resnet import DEPTHS, WIDTHS, bottleneck_branch, residual
from costsim.networks.video import mean_over_frames, shifted
from costsim.networks.zoo import Family

SHARE = 8
"""One in eight channels comes from the next frame, one in eight from the one before."""

NOTE = ("the first dimension is the frames of one clip",)


def tsm(
    *,
    name: str = "tsm_resnet50",
    input_shape: tuple[int, int, int, int] = (8, 3, 224, 224),
    classes: int = 400,
) -> LayerGraph:
    """The shift stands in front of every residual branch; the frames' classes are averaged."""
    net = NetBuilder(name, notes=NOTE)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.max_pool(net.conv_bn(x, 64, 7, stride=2), 3, 2, padding=1)
    for stage, (width, units) in enumerate(zip(WIDTHS, DEPTHS[50][0], strict=True), start=2):
        for unit in range(units):
            stride = 2 if unit == 0 and stage > 2 else 1
            with net.block(f"conv{stage}_x"), net.block(f"unit{unit + 1}"):
                y = bottleneck_branch(net, _shift(net, x), 4 * width, width, stride)
                x = residual(net, x, y, stride, projected=unit == 0)
    with net.block("classifier"):
        mean_over_frames(net, net.linear(net.dropout(net.global_pool(x)), classes))
    return net.graph


def _shift(net: NetBuilder, x: Tensor) -> Tensor:
    fold = x.c // SHARE
    later, earlier, same = net.split(x, fold, fold, x.c - 2 * fold)
    return net.concat(shifted(net, later, 1), shifted(net, earlier, -1), same)


FAMILY = Family(tsm, {"tsm_resnet50": {}})
