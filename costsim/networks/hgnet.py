"""PP-HGNet and PP-HGNetV2 of PaddleClas (github.com/PaddlePaddle/PaddleClas, docs of both; the backbone of RT-DETR)."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Add, Multiply, Pad
from costsim.networks.common import published
from costsim.networks.zoo import Family


class Stage(NamedTuple):
    """Channels of the layers inside, of the output; blocks, layers of each, and what differs from a dense 3x3."""

    c_mid: int
    c_out: int
    blocks: int
    strided: bool = True
    kernel: int = 3
    light: bool = False
    """Every layer is a pointwise and a depthwise convolution."""


class Size(NamedTuple):
    """Channels of the stem, layers of a block, the four stages; whether activations have a learned scale."""

    stem: tuple[int, ...]
    layers: int
    stages: tuple[Stage, Stage, Stage, Stage]
    affine: bool = False


V1_SIZES = {
    "tiny": Size(
        (48, 48, 96),
        5,
        (Stage(96, 224, 1, False), Stage(128, 448, 1), Stage(160, 512, 2), Stage(192, 768, 1)),
    ),
    "small": Size(
        (64, 64, 128),
        6,
        (Stage(128, 256, 1, False), Stage(160, 512, 1), Stage(192, 768, 2), Stage(224, 1024, 1)),
    ),
    "base": Size(
        (96, 96, 160),
        7,
        (Stage(192, 320, 1, False), Stage(224, 640, 2), Stage(256, 960, 3), Stage(288, 1280, 2)),
    ),
}


def _v2(
    stem: tuple[int, int],
    layers: int,
    mids: tuple[int, ...],
    outs: tuple[int, ...],
    blocks: tuple[int, ...] = (1, 1, 3, 1),
    affine: bool = True,
) -> Size:
    """Dense 3x3 layers in the first two stages, light 5x5 ones in the others."""
    first, second, third, fourth = zip(mids, outs, blocks, strict=True)
    stages = (Stage(*first, False), Stage(*second), Stage(*third, True, 5, True), Stage(*fourth, True, 5, True))
    return Size(stem, layers, stages, affine)


V2_SIZES = {
    "b0": _v2((16, 16), 3, (16, 32, 64, 128), (64, 256, 512, 1024), (1, 1, 2, 1)),
    "b1": _v2((24, 32), 3, (32, 48, 96, 192), (64, 256, 512, 1024), (1, 1, 2, 1)),
    "b2": _v2((24, 32), 4, (32, 64, 128, 256), (96, 384, 768, 1536)),
    "b3": _v2((24, 32), 5, (32, 64, 128, 256), (128, 512, 1024, 2048)),
    "b4": _v2((32, 48), 6, (48, 96, 192, 384), (128, 512, 1024, 2048), affine=False),
    "b5": _v2((32, 64), 6, (64, 128, 256, 512), (128, 512, 1024, 2048), (1, 2, 5, 2), affine=False),
    "b6": _v2((48, 96), 6, (96, 192, 384, 768), (192, 512, 1024, 2048), (2, 3, 6, 3), affine=False),
}


def hgnet(
    *,
    name: str = "hgnet_v2_b0",
    size: str = "b0",
    version: int = 2,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Blocks that join the outputs of all their layers; strided depthwise convolutions between the stages.

    Version 1 ends a block with a squeeze-excite of one layer, version 2 with two pointwise convolutions.
    """
    row = published(V1_SIZES if version == 1 else V2_SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = _stem_v1(net, x, row.stem) if version == 1 else _stem_v2(net, x, *row.stem, affine=row.affine)
    for number, stage in enumerate(row.stages, start=1):
        with net.block(f"stage{number}"):
            if stage.strided:
                with net.block("downsample"):
                    x = net.depthwise_bn(x, 3, act=None, stride=2)
            for block in range(stage.blocks):
                with net.block(f"block{block + 1}"):
                    y = _block(net, x, stage, row, version)
                    x = net.add_tensors(y, x) if block else y
    with net.block("classifier"):
        x = _activated(net, net.conv(net.global_pool(x), 2048), row.affine)
        net.linear(net.dropout(x), classes)
    return net.graph


def _stem_v1(net: NetBuilder, x: Tensor, widths: tuple[int, ...]) -> Tensor:
    for number, width in enumerate(widths):
        x = net.conv_bn(x, width, 3, stride=1 if number else 2)
    return net.max_pool(x, 3, 2, padding=1)


def _stem_v2(net: NetBuilder, x: Tensor, c_mid: int, c_out: int, *, affine: bool) -> Tensor:
    """Two 2x2 convolutions beside a pooling, all at stride 1 and padded behind."""
    x = net.add(Pad((0, 1, 0, 1)), _conv(net, x, c_mid, 3, affine, stride=2))
    y = net.add(Pad((0, 1, 0, 1)), _conv(net, x, c_mid // 2, 2, affine, padding=0))
    joined = net.concat(net.max_pool(x, 2, 1, ceil_mode=True), _conv(net, y, c_mid, 2, affine, padding=0))
    return _conv(net, _conv(net, joined, c_mid, 3, affine, stride=2), c_out, 1, affine)


def _block(net: NetBuilder, x: Tensor, stage: Stage, row: Size, version: int) -> Tensor:
    outputs = [x]
    for _ in range(row.layers):
        y = outputs[-1]
        if stage.light:
            y = net.conv_bn(y, stage.c_mid, 1, act=None)
            outputs.append(_activated(net, net.depthwise_bn(y, stage.kernel, act=None), row.affine))
        else:
            outputs.append(_conv(net, y, stage.c_mid, stage.kernel, row.affine))
    joined = net.concat(*outputs)
    if version == 2:
        return _conv(net, _conv(net, joined, stage.c_out // 2, 1, row.affine), stage.c_out, 1, row.affine)
    y = net.conv_bn(joined, stage.c_out, 1)
    with net.block("se"):
        return net.multiply(y, net.act(net.conv(net.global_pool(y), y.c, bias=True), "sigmoid"))


def _conv(net: NetBuilder, x: Tensor, c_out: int, kernel: int, affine: bool, **options: int) -> Tensor:
    return _activated(net, net.conv_bn(x, c_out, kernel, act=None, **options), affine)


def _activated(net: NetBuilder, x: Tensor, affine: bool) -> Tensor:
    """ReLU, and where ``affine`` one learned factor and one learned offset for the whole tensor."""
    x = net.act(x)
    return net.add(Add(const_elems=1), net.add(Multiply(const_elems=1), x)) if affine else x


V1 = Family(hgnet, {f"hgnet_{size}": {"size": size, "version": 1} for size in V1_SIZES})
V2 = Family(hgnet, {f"hgnet_v2_{size}": {"size": size} for size in V2_SIZES})
