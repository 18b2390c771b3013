"""YOLOX (Ge et al. 2021, arXiv 2107.08430) and the narrow ones of STMicroelectronics' model zoo."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, Tensor
from costsim.graph.layers import Dim, Slice
from costsim.networks.common import scaled
from costsim.networks.yolo_blocks import (
    YoloBuilder,
    bottleneck,
    conv,
    cross_stage_partial,
    pyramid_pooling,
    two_way_pyramid,
)
from costsim.networks.zoo import Family

# bottlenecks per unit of depth, and channels, of the stages at strides 4 to 32
STAGES = ((3, 128), (9, 256), (9, 512), (3, 1024))

POOLINGS = (5, 9, 13)

HEAD_CHANNELS = 256

ASSUMED = (
    "that STMicroelectronics' networks have ReLU6 for SiLU is assumed: their published times and memory on the STM32N6 "
    "have no place for SiLU, which its compiler runs by itself",
)


def yolox(
    *,
    name: str = "yolox_s",
    depth: float = 1 / 3,
    width: Any = 0.5,
    depthwise: bool = False,
    activation: str = "swish",
    input_shape: tuple[int, int, int, int] = (1, 3, 640, 640),
    classes: int = 80,
) -> LayerGraph:
    """CSPDarknet behind a space-to-depth stem, a two-way pyramid, and a head with separate towers, without anchors.

    ``depth`` scales the bottlenecks, ``width`` all channels; 3x3 convolutions behind the stem are
    ``depthwise`` and pointwise pairs in the nano network. ``classes`` have no background.
    """
    net = YoloBuilder(name, activation=activation, notes=() if activation == "swish" else ASSUMED)
    unit = max(round(3 * depth), 1)

    def stage(label: str, x: Tensor, c_out: Dim, repeats: int = unit, shortcut: bool = False) -> Tensor:
        block = bottleneck(c_out // 2, 1, shortcut=shortcut, depthwise=depthwise)
        with net.block(label):
            return cross_stage_partial(net, x, c_out, [block] * repeats)

    x = net.input(*input_shape)
    with net.block("focus"):
        x = conv(net, focus(net, x), scaled(64, width), 3)
    maps = []
    for number, (count, channels) in enumerate(STAGES, start=1):
        label, c_out, last = f"stage{number}", scaled(channels, width), number == len(STAGES)
        with net.block(label):
            x = conv(net, x, c_out, 3, 2, depthwise=depthwise)
        if last:
            with net.block("spp"):
                x = pyramid_pooling(net, x, c_out, POOLINGS)
        x = stage(label, x, c_out, unit * count // 3, shortcut=not last)
        maps.append(x)
    widths = [y.c for y in maps[1:]]
    outputs = two_way_pyramid(
        net, maps[1:], widths, stage, lambda net, y: conv(net, y, y.c, 3, 2, depthwise=depthwise), thin=True
    )
    decoupled_head(net, outputs, scaled(HEAD_CHANNELS, width), classes, depthwise=depthwise)
    return net.graph


def focus(net: YoloBuilder, x: Tensor) -> Tensor:
    """The four pixels of every 2x2 patch side by side as channels: every second row, then every second column."""
    corners = [(top, left) for left in (0, 1) for top in (0, 1)]
    rows = [net.add(Slice(top, None, axis=2, step=2), x) for top, _ in corners]
    return net.concat(
        *(net.add(Slice(left, None, axis=3, step=2), half) for half, (_, left) in zip(rows, corners, strict=True))
    )


def decoupled_head(net: YoloBuilder, maps: list[Tensor], c_mid: Dim, classes: int, *, depthwise: bool) -> None:
    """Per map a 1x1, then a tower for the class and one for box and objectness."""
    for level, x in enumerate(maps, start=1):
        with net.block("head"), net.block(f"level{level}"):
            x = conv(net, x, c_mid)
            class_tower, box_tower = x, x
            for _ in range(2):
                class_tower = conv(net, class_tower, c_mid, 3, depthwise=depthwise)
                box_tower = conv(net, box_tower, c_mid, 3, depthwise=depthwise)
            scores = net.act(net.conv(class_tower, classes, bias=True), "sigmoid")
            box = net.conv(box_tower, 4, bias=True)
            objectness = net.act(net.conv(box_tower, 1, bias=True), "sigmoid")
            net.concat(box, objectness, scores)


NARROW = {"d033_w025": (1 / 3, 0.25), "d050_w040": (0.5, 0.4), "d067_w025": (2 / 3, 0.25), "d100_w025": (1.0, 0.25)}

FAMILY = Family(
    yolox,
    {
        "yolox_nano": {"width": 0.25, "depthwise": True, "input_shape": (1, 3, 416, 416)},
        "yolox_tiny": {"width": 0.375, "input_shape": (1, 3, 416, 416)},
        "yolox_s": {},
    },
)
ST_NARROW = Family(
    yolox,
    {
        f"st_yoloxn_{label}": {
            "depth": depth, "width": width, "depthwise": True, "activation": "relu6",
            "input_shape": (1, 3, 416, 416), "classes": 1,
        }
        for label, (depth, width) in NARROW.items()
    },
)  # fmt: skip
