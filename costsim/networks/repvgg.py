"""RepVGG (Ding et al. 2021, arXiv 2101.03697), Tables 2 and 3."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.common import published
from costsim.networks.rep_blocks import branched_conv, deployed
from costsim.networks.zoo import Family

WIDTHS = (64, 128, 256, 512)

DEPTHS = {"a": (2, 4, 14, 1), "b": (4, 6, 16, 1)}


class Size(NamedTuple):
    """Multipliers of the first three stages and of the last, and groups of every second layer."""

    a: float
    b: float
    groups: int = 1


SIZES = {
    "a0": Size(0.75, 2.5),
    "a1": Size(1, 2.5),
    "a2": Size(1.5, 2.75),
    "b0": Size(1, 2.5),
    "b1": Size(2, 4),
    "b1g2": Size(2, 4, 2),
    "b1g4": Size(2, 4, 4),
    "b2": Size(2.5, 5),
    "b2g4": Size(2.5, 5, 4),
    "b3": Size(3, 5),
    "b3g4": Size(3, 5, 4),
}


def repvgg(
    *,
    name: str = "repvgg_a0",
    size: str = "a0",
    training: bool = False,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """A stack of 3x3 convolutions; in ``training`` each has a 1x1 and a shortcut beside it."""
    row = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.act(branched_conv(net, x, int(min(64, 64 * row.a)), stride=2))
    layer = 1
    for stage, (width, depth) in enumerate(zip(WIDTHS, DEPTHS[size[0]], strict=True), start=1):
        for unit in range(depth):
            layer += 1
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                c_out = int(width * (row.b if stage == len(WIDTHS) else row.a))
                groups = row.groups if layer % 2 else 1
                x = net.act(branched_conv(net, x, c_out, stride=2 if unit == 0 else 1, groups=groups))
    net.classifier(x, classes)
    return deployed(net.graph, training)


FAMILY = Family(
    repvgg,
    {f"repvgg_{size}": {"size": size} for size in SIZES}
    | {f"repvgg_{size}_training": {"size": size, "training": True} for size in ("a0", "a1", "a2", "b0")},
)
