"""Deep layer aggregation (Yu et al. 2017, arXiv 1707.06484), Table 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.common import published
from costsim.networks.zoo import Family


class Size(NamedTuple):
    """Depths of the trees and channels of the six levels; groups and their width at 64 channels; residual roots."""

    trees: tuple[int, int, int, int]
    widths: tuple[int, int, int, int, int, int]
    bottleneck: bool = True
    groups: int = 1
    base_width: int = 64
    residual_root: bool = False


COMPACT, WIDE = (16, 32, 64, 64, 128, 256), (16, 32, 128, 256, 512, 1024)

SIZES = {
    "34": Size((1, 2, 2, 1), (16, 32, 64, 128, 256, 512), bottleneck=False),
    "46_c": Size((1, 2, 2, 1), COMPACT),
    "46x_c": Size((1, 2, 2, 1), COMPACT, groups=32, base_width=4),
    "60x_c": Size((1, 2, 3, 1), COMPACT, groups=32, base_width=4),
    "60": Size((1, 2, 3, 1), WIDE),
    "60x": Size((1, 2, 3, 1), WIDE, groups=32, base_width=4),
    "102": Size((1, 3, 4, 1), WIDE, residual_root=True),
    "102x": Size((1, 3, 4, 1), WIDE, groups=32, base_width=4, residual_root=True),
    "169": Size((2, 3, 5, 1), WIDE, residual_root=True),
}


def dla(
    *,
    name: str = "dla34",
    size: str = "34",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Trees of residual blocks: a root joins what its blocks and the trees before it gave."""
    row = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, row.widths[0], 7)
    with net.block("level0"):
        x = net.conv_bn(x, row.widths[0], 3)
    with net.block("level1"):
        x = net.conv_bn(x, row.widths[1], 3, stride=2)
    for level, (depth, width) in enumerate(zip(row.trees, row.widths[2:], strict=True), start=2):
        with net.block(f"level{level}"):
            x = _tree(net, x, width, depth, row, stride=2, level_root=level > 2)
    net.classifier(x, classes)
    return net.graph


def _tree(
    net: NetBuilder,
    x: Tensor,
    c_out: int,
    depth: int,
    row: Size,
    *,
    stride: int = 1,
    level_root: bool = False,
    children: Sequence[Tensor] = (),
) -> Tensor:
    """Two trees of one level less; at the last level two blocks and the root that joins all ``children``."""
    bottom = net.max_pool(x, stride) if stride > 1 and (depth == 1 or level_root) else x
    children = [*children, bottom] if level_root else list(children)
    if depth > 1:
        with net.block("tree1"):
            first = _tree(net, x, c_out, depth - 1, row, stride=stride)
        with net.block("tree2"):
            return _tree(net, first, c_out, depth - 1, row, children=[*children, first])
    shortcut = bottom if x.c == c_out else net.conv_bn(bottom, c_out, 1, act=None)
    with net.block("block1"):
        first = _block(net, x, shortcut, c_out, row, stride)
    with net.block("block2"):
        second = _block(net, first, first, c_out, row)
    with net.block("root"):
        y = net.conv_bn(net.concat(second, first, *children), c_out, 1, act=None)
        return net.act(net.add_tensors(y, second) if row.residual_root else y)


def _block(net: NetBuilder, x: Tensor, shortcut: Tensor, c_out: int, row: Size, stride: int = 1) -> Tensor:
    if row.bottleneck:
        c_mid = c_out * row.base_width // 64 * row.groups // 2
        y = net.conv_bn(net.conv_bn(x, c_mid, 1), c_mid, 3, stride=stride, groups=row.groups)
        y = net.conv_bn(y, c_out, 1, act=None)
    else:
        y = net.conv_bn(net.conv_bn(x, c_out, 3, stride=stride), c_out, 3, act=None)
    return net.act(net.add_tensors(y, shortcut))


FAMILY = Family(dla, {f"dla{size}": {"size": size} for size in SIZES})
