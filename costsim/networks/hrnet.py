"""HRNet for classification (Wang et al. 2019, arXiv 1908.07919), Figures 2 and 11."""

from __future__ import annotations

from collections.abc import Sequence

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.resnet import bottleneck_branch, plain_branch, residual
from costsim.networks.zoo import Family

WIDTHS = (18, 30, 32, 40, 44, 48, 64)

MODULES = (1, 4, 3)
"""Modules of the stages with two, three and four branches."""

BLOCKS = 4
HEAD = (128, 256, 512, 1024)


def hrnet(
    *,
    name: str = "hrnet_w18",
    width: int = 18,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Branches at strides 4 to 32 that run side by side and exchange their maps behind every module.

    ``width`` is the channels of the finest branch; each coarser one has twice as many.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(net.conv_bn(x, 64, 3, stride=2), 64, 3, stride=2)
    for number in range(1, BLOCKS + 1):
        with net.block("stage1"), net.block(f"block{number}"):
            x = residual(net, x, bottleneck_branch(net, x, 256, 64, 1), 1, projected=number == 1)
    maps = [x]
    for stage, modules in enumerate(MODULES, start=2):
        with net.block(f"stage{stage}"):
            with net.block("transition"):
                maps = _with_one_more(net, maps, width)
            for module in range(1, modules + 1):
                with net.block(f"module{module}"):
                    maps = _exchanged(net, [_branch(net, y, number) for number, y in enumerate(maps, start=1)])
    with net.block("head"):
        x = _head(net, maps)
    net.classifier(x, classes)
    return net.graph


def _with_one_more(net: NetBuilder, maps: Sequence[Tensor], width: int) -> list[Tensor]:
    """The maps in their branches' channels, and a strided 3x3 of the coarsest as a branch more."""
    kept = [x if x.c == width * 2**level else net.conv_bn(x, width * 2**level, 3) for level, x in enumerate(maps)]
    return [*kept, net.conv_bn(maps[-1], width * 2 ** len(maps), 3, stride=2)]


def _branch(net: NetBuilder, x: Tensor, number: int) -> Tensor:
    for block in range(1, BLOCKS + 1):
        with net.block(f"branch{number}"), net.block(f"block{block}"):
            x = residual(net, x, plain_branch(net, x, x.c, 1), 1, projected=False)
    return x


def _exchanged(net: NetBuilder, maps: Sequence[Tensor]) -> list[Tensor]:
    """Every map the sum of all, brought to its size: finer ones by strided 3x3, coarser ones by 1x1 and repetition."""
    outputs = []
    for level, own in enumerate(maps):
        with net.block(f"fuse{level + 1}"):
            parts = []
            for other, y in enumerate(maps):
                if other > level:
                    y = net.upsample(net.conv_bn(y, own.c, 1, act=None), 2 ** (other - level))
                for step in range(other + 1, level + 1):
                    last = step == level
                    y = net.conv_bn(y, own.c if last else y.c, 3, None if last else "relu", stride=2)
                parts.append(y)
            outputs.append(net.act(net.add_tensors(*parts)))
    return outputs


def _head(net: NetBuilder, maps: Sequence[Tensor]) -> Tensor:
    """Each map through a bottleneck, finer ones added to coarser ones by strided 3x3, 2048 channels at the end."""
    wide = [
        residual(net, x, bottleneck_branch(net, x, c_out, c_out // 4, 1), 1, projected=True)
        for x, c_out in zip(maps, HEAD, strict=True)
    ]
    y = wide[0]
    for x in wide[1:]:
        y = net.add_tensors(x, net.conv_bn(y, x.c, 3, stride=2, bias=True))
    return net.conv_bn(y, 2048, 1, bias=True)


FAMILY = Family(hrnet, {f"hrnet_w{width}": {"width": width} for width in WIDTHS})
