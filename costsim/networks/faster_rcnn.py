"""Faster R-CNN with a feature pyramid (Lin et al. 2016, arXiv 1612.03144) on the backbones of the papers."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.backbone import attach_backbone
from costsim.networks.detection import PROPOSALS_NOTE, box_head, feature_pyramid, padded_image, region_proposals
from costsim.networks.zoo import Family

BACKBONES = (
    "mobilenet_v1_1x", "mobilenet_v2_1x",
    "shufflenet_v2_0.5x", "shufflenet_v2_1x", "shufflenet_v2_1.5x",
    "vargnet_v1_1x", "vargnet_v2_1x",
    "condensenet_v2_a", "condensenet_v2_b", "condensenet_v2_c",
    "resnet50",
)  # fmt: skip
"""Those of the VarGNet and CondenseNetV2 papers' COCO experiments, and the detector's own."""


def faster_rcnn_fpn(
    *,
    name: str = "faster_rcnn_fpn",
    backbone: str = "resnet50",
    proposals: int = 1000,
    classes: int = 81,
    input_shape: tuple[int, int, int, int] = (1, 3, 800, 1333),
) -> LayerGraph:
    """Backbone, feature pyramid of 256 channels, region proposals on five levels, and a box head.

    ``backbone`` may be any classification network of the zoo; the pyramid reads its last maps at
    strides 4 to 32, before the wide 1x1 convolution of the classifier. The image is padded to a
    multiple of 32. ``classes`` include the background (81 for COCO). The papers name the detector
    and the image size only: the heads are the original's, not narrowed for small backbones.
    """
    net = NetBuilder(name, notes=PROPOSALS_NOTE)
    levels = list(feature_pyramid(net, attach_backbone(net, padded_image(net, *input_shape), backbone)).values())[::-1]
    with net.block("fpn"), net.block("stride64"):
        coarsest = net.max_pool(levels[-1], 1, 2)
    region_proposals(net, [*levels, coarsest])
    box_head(net, levels, rois=proposals, classes=classes)
    return net.graph


FAMILY = Family(faster_rcnn_fpn, {f"faster_rcnn_fpn_{backbone}": {"backbone": backbone} for backbone in BACKBONES})
