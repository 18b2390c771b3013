"""YOLOv5 and YOLOv8 in the sizes and cuts that vendors of NPUs time (github.com/ultralytics: yolov5, ultralytics)."""

from __future__ import annotations

import numpy as np

from costsim.graph import LayerGraph, Tensor
from costsim.graph.layers import Dim
from costsim.networks.yolo_blocks import (
    YoloBuilder,
    bottleneck,
    conv,
    cross_stage_partial,
    pyramid_pooling,
    two_way_pyramid,
)
from costsim.networks.yolo_v8 import STAGES, Scale, distribution_head, split_partial

Shape = tuple[int, int, int, int]

V8 = {
    "n": Scale(0.33, 0.25, 1024),
    "s": Scale(0.33, 0.50, 1024),
    "m": Scale(0.67, 0.75, 768),
    "l": Scale(1.0, 1.0, 512),
    "x": Scale(1.0, 1.25, 512),
}

V5 = {
    "n": Scale(0.33, 0.25, 1024),
    "s": Scale(0.33, 0.50, 1024),
    "m": Scale(0.67, 0.75, 1024),
    "l": Scale(1.0, 1.0, 1024),
    "x": Scale(1.33, 1.25, 1024),
}

V5_REPEATS = (3, 6, 9, 3)

CLASSES, ANCHORS = 80, 3


def yolo_v5(shape: Shape, size: str, activation: str = "swish") -> LayerGraph:
    """Version 6 and 7: CSP layers of three convolutions, SPPF, one 1x1 convolution a level with anchors."""
    scale = V5[size]
    net = YoloBuilder(f"yolov5{size}", activation=activation)

    def stage(label: str, x: Tensor, c_out: Dim, count: int = 3, shortcut: bool = False) -> Tensor:
        with net.block(label):
            blocks = [bottleneck(c_out // 2, 1, shortcut=shortcut)] * scale.repeats(count)
            return cross_stage_partial(net, x, c_out, blocks)

    x = net.conv_bn(net.input(*shape), scale.channels(64), 6, activation, stride=2, padding=2)
    maps = []
    for number, (count, (_, channels)) in enumerate(zip(V5_REPEATS, STAGES, strict=True), start=1):
        x = conv(net, x, scale.channels(channels), 3, 2)
        x = stage(f"stage{number}", x, x.c, count, shortcut=True)
        maps.append(x)
    maps[-1] = pyramid_pooling(net, x, x.c)
    widths = [y.c for y in maps[1:]]
    for y in two_way_pyramid(net, maps[1:], widths, stage, lambda net, y: conv(net, y, y.c, 3, 2), thin=True):
        net.act(net.conv(y, ANCHORS * (CLASSES + 5), 1, bias=True), "sigmoid")
    return net.graph


def yolo_v8(shape: Shape, size: str, head: str = "full") -> LayerGraph:
    """Any size; a ``split`` head ends at the convolutions, as vendors cut it for post-processing on the host."""
    net = YoloBuilder(f"yolov8{size}")
    maps = _v8_backbone(net, shape, V8[size])
    maps[-1] = pyramid_pooling(net, maps[-1], maps[-1].c)

    def stage(label: str, x: Tensor, c_out: Dim) -> Tensor:
        return _v8_stage(net, V8[size], label, x, c_out)

    outputs = two_way_pyramid(net, maps[1:], [y.c for y in maps[1:]], stage, lambda net, y: conv(net, y, y.c, 3, 2))
    if head == "full":
        distribution_head(net, outputs, CLASSES)
    else:
        _split_head(net, outputs)
    return net.graph


def yolo_v8_classifier(shape: Shape, size: str) -> LayerGraph:
    """The backbone without SPPF, a 1x1 convolution to 1280 channels and a linear layer; no cap on channels."""
    scale = Scale(V8[size].depth, V8[size].width, 1024)
    net = YoloBuilder(f"yolov8{size}_cls")
    x = conv(net, _v8_backbone(net, shape, scale)[-1], 1280)
    net.linear(net.global_pool(x), 1000)
    return net.graph


def _v8_backbone(net: YoloBuilder, shape: Shape, scale: Scale) -> list[Tensor]:
    x = conv(net, net.input(*shape), scale.channels(64), 3, 2)
    maps = []
    for number, (count, channels) in enumerate(STAGES, start=1):
        x = conv(net, x, scale.channels(channels), 3, 2)
        x = _v8_stage(net, scale, f"stage{number}", x, x.c, count, shortcut=True)
        maps.append(x)
    return maps


def _v8_stage(
    net: YoloBuilder, scale: Scale, label: str, x: Tensor, c_out: Dim, count: int = 3, shortcut: bool = False
) -> Tensor:
    with net.block(label):
        return split_partial(net, x, c_out, [bottleneck(c_out // 2, shortcut=shortcut)] * scale.repeats(count))


def _split_head(net: YoloBuilder, maps: list[Tensor]) -> None:
    fine = int(np.max(maps[0].c))
    c_box, c_class = max(16, fine // 4, 64), max(fine, CLASSES)
    for x in maps:
        net.conv(conv(net, conv(net, x, c_box, 3), c_box, 3), 64, 1, bias=True)
        net.act(net.conv(conv(net, conv(net, x, c_class, 3), c_class, 3), CLASSES, 1, bias=True), "sigmoid")
