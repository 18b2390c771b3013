"""MobileOne (Vasu et al. 2022, arXiv 2206.04040), Tables 2 and 9."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.common import published
from costsim.networks.rep_blocks import branched_conv, deployed
from costsim.networks.zoo import Family

WIDTHS = (64, 128, 256, 512)
DEPTHS = (2, 8, 10, 1)
SE_REDUCTION = 16


class Size(NamedTuple):
    """Multipliers of the stages, equal branches of a convolution in training, squeezed last units of each stage."""

    widths: tuple[float, float, float, float]
    branches: int = 1
    squeezed: tuple[int, int, int, int] = (0, 0, 0, 0)


SIZES = {
    "s0": Size((0.75, 1, 1, 2), branches=4),
    "s1": Size((1.5, 1.5, 2, 2.5)),
    "s2": Size((1.5, 2, 2.5, 4)),
    "s3": Size((2, 2.5, 3, 4)),
    "s4": Size((3, 3.5, 3.5, 4), squeezed=(0, 0, 5, 1)),
}


def mobileone(
    *,
    name: str = "mobileone_s0",
    size: str = "s0",
    training: bool = False,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """MobileNet v1's pairs of depthwise and pointwise convolutions, each the sum of branches in ``training``."""
    row = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.act(branched_conv(net, x, int(min(64, 64 * row.widths[0])), stride=2))
    stages = zip(WIDTHS, row.widths, DEPTHS, row.squeezed, strict=True)
    for stage, (width, factor, depth, squeezed) in enumerate(stages, start=1):
        for unit in range(depth):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                x = pair(
                    net, x, int(width * factor), 2 if unit == 0 else 1, row.branches, squeezed=unit >= depth - squeezed
                )
    net.classifier(x, classes)
    return deployed(net.graph, training)


def pair(net: NetBuilder, x: Tensor, c_out: int, stride: int, branches: int, *, squeezed: bool) -> Tensor:
    """Depthwise 3x3 and pointwise, both with an activation, in the largest network behind a squeeze-excite."""
    for c, kernel, step, groups in ((x.c, 3, stride, x.c), (c_out, 1, 1, 1)):
        x = branched_conv(net, x, c, kernel, stride=step, groups=groups, branches=branches)
        x = net.act(net.squeeze_excite(x, x.c // SE_REDUCTION) if squeezed else x)
    return x


FAMILY = Family(
    mobileone,
    {f"mobileone_{size}": {"size": size} for size in SIZES}
    | {f"mobileone_{size}_training": {"size": size, "training": True} for size in SIZES},
)
