"""The parts two-stage detectors share: a feature pyramid and a region proposal network."""

from __future__ import annotations

from collections.abc import Mapping

from costsim.graph import NetBuilder, Tensor
from costsim.graph.layers import Pad, RoiAlign

PROPOSALS_NOTE = (
    "sorting, non-maximum suppression and the choice of pyramid level are no tensor ops and are not counted",
)

PYRAMID_STRIDES = (4, 8, 16, 32)


def padded_image(net: NetBuilder, *input_shape: int, multiple: int = 32) -> Tensor:
    """The input, padded below and at the right so that every stride divides it."""
    return net.add(Pad(0, multiple=multiple), net.input(*input_shape))


def feature_pyramid(net: NetBuilder, maps: Mapping[int, Tensor], channels: int = 256) -> dict[int, Tensor]:
    """FPN (arXiv 1612.03144): lateral 1x1, nearest upsampling, addition, 3x3; P2 to P5 by stride."""
    levels: dict[int, Tensor] = {}
    above: Tensor | None = None
    for stride in reversed(PYRAMID_STRIDES):
        with net.block("fpn"), net.block(f"stride{stride}"):
            lateral = net.conv(maps[stride], channels, 1, bias=True)
            above = net.add_tensors(lateral, net.upsample(above)) if above else lateral
            levels[stride] = net.conv(above, channels, 3, bias=True)
    return levels


def region_proposals(net: NetBuilder, levels: list[Tensor], *, channels: int = 256, anchors: int = 3) -> None:
    """RPN (arXiv 1506.01497): 3x3, then objectness and boxes; one set of weights for all levels."""
    for number, level in enumerate(levels):
        shared = number > 0
        with net.block("rpn"), net.block(f"level{number + 1}"):
            y = net.act(net.conv(level, channels, 3, bias=True, shared=shared))
            net.conv(y, anchors, 1, bias=True, shared=shared)
            net.conv(y, 4 * anchors, 1, bias=True, shared=shared)


def box_head(net: NetBuilder, levels: list[Tensor], *, rois: int, classes: int, features: int = 1024) -> None:
    """The two fully connected layers of FPN Faster R-CNN; ``classes`` include the background."""
    with net.block("box_head"):
        y = net.add(RoiAlign(rois), *levels)
        for _ in range(2):
            y = net.act(net.linear(y, features))
        net.linear(y, classes)
        net.linear(y, 4 * classes)


def mask_head(net: NetBuilder, levels: list[Tensor], *, rois: int, classes: int, channels: int = 256) -> None:
    """Mask R-CNN (arXiv 1703.06870, Figure 4 right): four 3x3 convolutions, a deconvolution, a 1x1."""
    with net.block("mask_head"):
        y = net.add(RoiAlign(rois, size=14), *levels)
        for _ in range(4):
            y = net.act(net.conv(y, channels, 3, bias=True))
        y = net.act(net.deconv(y, channels, 2, stride=2, padding=0, bias=True))
        net.conv(y, classes, 1, bias=True)
