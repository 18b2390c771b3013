"""YOLOv8, the detector of Ultralytics (github.com/ultralytics/ultralytics, yolov8.yaml)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from costsim.graph import LayerGraph, Tensor
from costsim.graph.layers import Dim, Reshape, Softmax, Transpose
from costsim.networks.common import published
from costsim.networks.yolo_blocks import Block, YoloBuilder, bottleneck, conv, pyramid_pooling, two_way_pyramid
from costsim.networks.zoo import Family

BINS = 16
"""Bins of the distribution that each side of a box is predicted as."""

NOTE = ("the boxes' decoding from their anchors and non-maximum suppression are not counted",)


@dataclass(frozen=True)
class Scale:
    """A row of ``scales`` in the published file."""

    depth: float
    width: float
    most_channels: int

    def channels(self, count: int) -> int:
        return int(np.ceil(min(count, self.most_channels) * self.width / 8)) * 8

    def repeats(self, count: int) -> int:
        return max(round(count * self.depth), 1)


SCALES = {"n": Scale(0.33, 0.25, 1024), "s": Scale(0.33, 0.50, 1024), "m": Scale(0.67, 0.75, 768)}

# bottlenecks and output channels of the stages at strides 4 to 32
STAGES = ((3, 128), (6, 256), (6, 512), (3, 1024))


def yolo_v8(
    *,
    name: str = "yolov8n",
    size: str = "n",
    input_shape: tuple[int, int, int, int] = (1, 3, 640, 640),
    classes: int = 80,
) -> LayerGraph:
    """Blocks that keep every bottleneck's output, SPPF, a two-way pyramid, a head without anchors.

    ``classes`` have no background.
    """
    scale = published(SCALES, size, "size")
    net = YoloBuilder(name, notes=NOTE)

    def stage(label: str, x: Tensor, c_out: Dim, count: int = 3, shortcut: bool = False) -> Tensor:
        with net.block(label):
            return split_partial(net, x, c_out, [bottleneck(c_out // 2, shortcut=shortcut)] * scale.repeats(count))

    maps = backbone(net, net.input(*input_shape), scale, STAGES, stage, 3)
    widths = [y.c for y in maps[1:]]
    outputs = two_way_pyramid(net, maps[1:], widths, stage, lambda net, y: conv(net, y, y.c, 3, 2))
    distribution_head(net, outputs, classes)
    return net.graph


def backbone(
    net: YoloBuilder,
    x: Tensor,
    scale: Scale,
    stages: Sequence[tuple[int, int]],
    stage: Callable[..., Tensor],
    first_kernel: int,
) -> list[Tensor]:
    """The maps at strides 4 to 32: a strided convolution ahead of each stage, SPPF behind the last.

    ``stages`` are blocks and output channels, each before the scale.
    """
    with net.block("conv1"):
        x = conv(net, x, scale.channels(64), first_kernel, 2)
    maps = []
    for number, (count, channels) in enumerate(stages, start=1):
        label, c_out = f"stage{number}", scale.channels(channels)
        with net.block(label):
            x = conv(net, x, c_out, 3, 2)
        x = stage(label, x, c_out, count, shortcut=True)
        maps.append(x)
    with net.block("sppf"):
        maps[-1] = pyramid_pooling(net, x, x.c)
    return maps


def split_partial(net: YoloBuilder, x: Tensor, c_out: Dim, blocks: Sequence[Block], c_mid: Dim | None = None) -> Tensor:
    """C2f: one half passes by, the other runs through the blocks, and each block's output goes into the last 1x1."""
    c_mid = c_out // 2 if c_mid is None else c_mid
    parts = list(net.split(conv(net, x, 2 * c_mid), c_mid, c_mid))
    for block in blocks:
        parts.append(block(net, parts[-1]))
    return conv(net, net.concat(*parts), c_out)


def distribution_head(net: YoloBuilder, maps: Sequence[Tensor], classes: int, *, separable: bool = False) -> None:
    """Boxes and classes in separate towers, each map its own; a box side is the mean of its distribution.

    ``separable`` class towers (YOLO11) are of depthwise and pointwise convolutions.
    """
    fine = maps[0].c
    c_box, c_class = max(16, fine // 4, 4 * BINS), max(fine, min(classes, 100))
    boxes, scores = [], []
    for level, x in enumerate(maps, start=1):
        with net.block("head"), net.block(f"level{level}"):
            y = conv(net, conv(net, x, c_box, 3), c_box, 3)
            boxes.append(net.add(Reshape((4 * BINS, -1)), net.conv(y, 4 * BINS, 1, bias=True)))
            y = conv(net, conv(net, x, c_class, 3, depthwise=separable), c_class, 3, depthwise=separable)
            scores.append(net.add(Reshape((classes, -1)), net.conv(y, classes, 1, bias=True)))
    with net.block("head"), net.block("decode"):
        bins = net.add(Reshape((4, BINS, -1)), net.concat(*boxes, axis=2))
        bins = net.add(Softmax(1), net.add(Transpose((0, 2, 1, 3)), bins))
        net.conv(bins, 1, 1)
        net.act(net.concat(*scores, axis=2), "sigmoid")


FAMILY = Family(yolo_v8, {f"yolov8{size}": {"size": size} for size in SCALES})
