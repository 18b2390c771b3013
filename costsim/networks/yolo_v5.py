"""YOLOv5, the detector of Ultralytics (github.com/ultralytics/yolov5, v6 and v7, models/yolov5n.yaml ...)."""

from __future__ import annotations

from costsim.graph import LayerGraph, Tensor
from costsim.graph.layers import Dim, Reshape
from costsim.networks.common import published
from costsim.networks.yolo_blocks import (
    YoloBuilder,
    bottleneck,
    conv,
    cross_stage_partial,
    two_way_pyramid,
)
from costsim.networks.yolo_v8 import NOTE, Scale, backbone
from costsim.networks.zoo import Family

SCALES = {"n": Scale(0.33, 0.25, 1024), "s": Scale(0.33, 0.50, 1024), "m": Scale(0.67, 0.75, 1024)}

# bottlenecks and output channels of the stages at strides 4 to 32
STAGES = ((3, 128), (6, 256), (9, 512), (3, 1024))

ANCHORS = 3
"""Boxes at every place of every map."""


def yolo_v5(
    *,
    name: str = "yolov5n",
    size: str = "n",
    input_shape: tuple[int, int, int, int] = (1, 3, 640, 640),
    classes: int = 80,
) -> LayerGraph:
    """CSP layers, SPPF, a two-way pyramid, and one pointwise convolution a map for boxes from anchors.

    ``classes`` have no background. Not ``yolov5nu``, which has YOLOv8's head.
    """
    scale = published(SCALES, size, "size")
    net = YoloBuilder(name, notes=NOTE)

    def stage(label: str, x: Tensor, c_out: Dim, count: int = 3, shortcut: bool = False) -> Tensor:
        blocks = [bottleneck(c_out // 2, 1, shortcut=shortcut)] * scale.repeats(count)
        with net.block(label):
            return cross_stage_partial(net, x, c_out, blocks)

    maps = backbone(net, net.input(*input_shape), scale, STAGES, stage, 6)
    widths = [y.c for y in maps[1:]]
    outputs = two_way_pyramid(net, maps[1:], widths, stage, lambda net, y: conv(net, y, y.c, 3, 2), thin=True)
    boxes = []
    for level, y in enumerate(outputs, start=1):
        with net.block("head"), net.block(f"level{level}"):
            y = net.conv(y, ANCHORS * (5 + classes), 1, bias=True)
            boxes.append(net.add(Reshape((ANCHORS, 5 + classes, -1)), y))
    with net.block("head"), net.block("decode"):
        net.act(net.concat(*boxes, axis=3), "sigmoid")
    return net.graph


FAMILY = Family(yolo_v5, {f"yolov5{size}": {"size": size} for size in SCALES})
