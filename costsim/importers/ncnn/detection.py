"""ncnn's detection heads: scores against a threshold, then non-maximum suppression.

How many boxes pass the threshold depends on weights and image. A .param file has no weights, and
`benchncnn` runs it with zeros: then every score is the same, and either all boxes pass or none.
That is what is assumed here, with the score each layer gives to zeros (src/layer/detectionoutput.cpp,
yolodetectionoutput.cpp and yolov3detectionoutput.cpp of Tencent/ncnn; that of YOLO v3 is also what the
benchmark shows: networks whose threshold it passes take longer, on one thread, than all others).
"""

from __future__ import annotations

from math import prod

from costsim.graph import Tensor
from costsim.importers.ncnn.param_file import ParamLayer
from costsim.importers.writer import GraphWriter

FLOPS_PER_COMPARISON = 6
"""Of two boxes: four sides until they are known to lie apart, their union, the threshold."""

VALUES_PER_BOX = 6
"""Class, score, four sides."""


def detection_output(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> Tensor:
    """Of SSD: the scores have been through a softmax, so zeros made them all 1 / classes."""
    classes = layer.integer(0, 1)
    boxes = prod(inputs[0].shape[1:]) // 4
    kept = layer.integer(3, 100)
    return _selected(writer, layer, inputs, boxes, kept, score=1 / max(classes, 1), threshold=layer.number(4, 0.5))


def yolo_output(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> Tensor:
    """Of YOLO v2: sigmoid of the box times softmax over the classes."""
    score = 0.5 / layer.integer(0, 20)
    boxes = _grid_boxes(layer, inputs, anchors=5)
    return _selected(writer, layer, inputs, boxes, boxes, score, threshold=layer.number(2, 0.01))


def yolov3_output(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> Tensor:
    """Of YOLO v3: 1 / (1 + exp(-box) * (1 + exp(-class))), which is one third of zeros."""
    boxes = _grid_boxes(layer, inputs, anchors=3)
    return _selected(writer, layer, inputs, boxes, boxes, score=1 / 3, threshold=layer.number(2, 0.01))


def _grid_boxes(layer: ParamLayer, inputs: tuple[Tensor, ...], anchors: int) -> int:
    """One box a grid cell and anchor."""
    return sum(prod(x.shape[2:]) for x in inputs) * layer.integer(1, anchors)


def _selected(
    writer: GraphWriter,
    layer: ParamLayer,
    inputs: tuple[Tensor, ...],
    boxes: int,
    kept: int,
    score: float,
    threshold: float,
) -> Tensor:
    """Every score is looked at once; every box that passes is compared with those that passed before it."""
    images = inputs[0].shape[0]
    candidates = boxes if score >= threshold else 0
    comparisons = images * candidates * (candidates - 1) // 2
    looked_at = sum(prod(x.shape) for x in inputs)
    flops = looked_at + FLOPS_PER_COMPARISON * comparisons
    return writer.unknown(layer.type, inputs, (images, kept, VALUES_PER_BOX), flops=flops)
