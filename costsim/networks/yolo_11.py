"""YOLO11, the detector of Ultralytics (github.com/ultralytics/ultralytics, yolo11.yaml)."""

from __future__ import annotations

from itertools import pairwise

from costsim.graph import LayerGraph, Tensor
from costsim.graph.layers import Dim, MatMul, Reshape, ReshapeLike, Slice, Softmax, Transpose
from costsim.networks.common import published
from costsim.networks.yolo_blocks import (
    YoloBuilder,
    bottleneck,
    conv,
    cross_stage_partial,
    pyramid_pooling,
    two_way_pyramid,
)
from costsim.networks.yolo_v8 import NOTE, Scale, distribution_head, split_partial
from costsim.networks.zoo import Family

SCALES = {"n": Scale(0.50, 0.25, 1024), "s": Scale(0.50, 0.50, 1024), "m": Scale(0.50, 1.00, 512)}

NESTED_THROUGHOUT = frozenset({"m"})
"""Sizes whose every stage nests a CSP layer."""

REPEATS = 2
"""Blocks of every stage, before the scale's depth."""

# channels of the strided convolution and of the stage; the blocks' share of the latter; whether they nest a CSP layer
STAGES = ((128, 256, 1 / 4, False), (256, 512, 1 / 4, False), (512, 512, 1 / 2, True), (1024, 1024, 1 / 2, True))

PYRAMID = (256, 512, 1024)

HEAD_CHANNELS = 64
"""Channels of one attention head's values; its keys have half of them."""


def yolo_11(
    *,
    name: str = "yolo11n",
    size: str = "n",
    input_shape: tuple[int, int, int, int] = (1, 3, 640, 640),
    classes: int = 80,
) -> LayerGraph:
    """YOLOv8's plan with nested CSP layers where maps are small, attention behind SPPF, separable class towers.

    ``classes`` have no background.
    """
    scale = published(SCALES, size, "size")
    net = YoloBuilder(name, notes=NOTE)

    def stage(label: str, x: Tensor, c_out: Dim, share: float = 0.5, nested: bool | None = None) -> Tensor:
        c_mid = int(c_out * share)
        nested = c_out == scale.channels(PYRAMID[-1]) if nested is None else nested  # in the pyramid, only the last
        nested = nested or size in NESTED_THROUGHOUT
        block = _nested if nested else bottleneck(c_mid // 2)
        with net.block(label):
            return split_partial(net, x, c_out, [block] * scale.repeats(REPEATS), c_mid)

    x = net.input(*input_shape)
    with net.block("conv1"):
        x = conv(net, x, scale.channels(64), 3, 2)
    maps = []
    for number, (c_strided, c_out, share, nested) in enumerate(STAGES, start=1):
        label = f"stage{number}"
        with net.block(label):
            x = conv(net, x, scale.channels(c_strided), 3, 2)
        x = stage(label, x, scale.channels(c_out), share, nested)
        maps.append(x)
    with net.block("sppf"):
        x = pyramid_pooling(net, x, x.c)
    with net.block("attention"):
        maps[-1] = split_attention(net, x, scale.repeats(REPEATS))
    widths = [scale.channels(count) for count in PYRAMID]
    outputs = two_way_pyramid(net, maps[1:], widths, stage, lambda net, y: conv(net, y, y.c, 3, 2))
    distribution_head(net, outputs, classes, separable=True)
    return net.graph


def _nested(net: YoloBuilder, x: Tensor) -> Tensor:
    """C3k: a CSP layer of two bottlenecks as one block."""
    return cross_stage_partial(net, x, x.c, [bottleneck(x.c // 2)] * 2)


def split_attention(net: YoloBuilder, x: Tensor, repeats: int) -> Tensor:
    """C2PSA: one half passes by, the other runs through transformer blocks whose layers are convolutions."""
    half = x.c // 2
    beside, y = net.split(conv(net, x, x.c), half, half)
    for _ in range(repeats):
        y = net.add_tensors(y, attention(net, y))
        y = net.add_tensors(y, net.conv_bn(conv(net, y, 2 * y.c), y.c, act=None))
    return conv(net, net.concat(beside, y), x.c)


def attention(net: YoloBuilder, x: Tensor) -> Tensor:
    """Every pixel to every pixel, in heads; a depthwise convolution of the values tells positions apart."""
    heads, c_key = x.c // HEAD_CHANNELS, HEAD_CHANNELS // 2
    c_head = 2 * c_key + HEAD_CHANNELS
    mixed = net.add(Reshape((heads, c_head, -1)), net.conv_bn(x, heads * c_head, act=None))
    query, key, value = (net.add(Slice(*ends, 2), mixed) for ends in pairwise((0, c_key, 2 * c_key, c_head)))
    weights = net.add(Softmax(-1), net.add(MatMul(), net.add(Transpose((0, 1, 3, 2)), query), key))
    seen = net.add(MatMul(), value, net.add(Transpose((0, 1, 3, 2)), weights))
    positions = net.depthwise_bn(net.add(ReshapeLike(), value, x), 3, act=None)
    return net.conv_bn(net.add_tensors(net.add(ReshapeLike(), seen, x), positions), x.c, act=None)


FAMILY = Family(yolo_11, {f"yolo11{size}": {"size": size} for size in SCALES})
