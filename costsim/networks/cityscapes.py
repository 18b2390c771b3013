"""Panoptic segmentation and depth for Cityscapes on one shared backbone, as in the VarGNet paper's experiments."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import GroupNorm
from costsim.networks.backbone import attach_backbone
from costsim.networks.detection import (
    PROPOSALS_NOTE,
    box_head,
    feature_pyramid,
    mask_head,
    padded_image,
    region_proposals,
)
from costsim.networks.zoo import Family

STUFF_CLASSES = 12
"""Cityscapes: 11 stuff classes and one for all things."""
THING_CLASSES = 9
"""Cityscapes: 8 thing classes and the background."""

BACKBONES = ("mobilenet_v1_1x", "shufflenet_v2_1x", "vargnet_v1_1x", "vargnet_v2_1x")

NOTES = (
    "the VarGNet paper names the three tasks; its heads were never published: Panoptic FPN (arXiv 1901.02446) stands "
    "in, with a depth head like its semantic one",
)


def cityscapes_panoptic_depth(
    *,
    name: str = "cityscapes_panoptic_depth",
    backbone: str = "vargnet_v1_1x",
    proposals: int = 1000,
    detections: int = 100,
    input_shape: tuple[int, int, int, int] = (1, 3, 1024, 2048),
) -> LayerGraph:
    """Backbone and pyramid shared by instance masks, semantic segmentation and depth.

    Instances are found among ``proposals`` regions, masks drawn for ``detections`` of them. The
    VarGNet paper publishes the tasks but not the heads: these are Panoptic FPN's, and the depth
    head is a second semantic branch with one output.
    """
    net = NetBuilder(name, notes=PROPOSALS_NOTE + NOTES)
    levels = feature_pyramid(net, attach_backbone(net, padded_image(net, *input_shape), backbone))
    maps = [levels[stride] for stride in sorted(levels)]
    with net.block("fpn"), net.block("stride64"):
        coarsest = net.max_pool(maps[-1], 1, 2)
    region_proposals(net, [*maps, coarsest])
    box_head(net, maps, rois=proposals, classes=THING_CLASSES)
    mask_head(net, maps, rois=detections, classes=THING_CLASSES)
    dense_head(net, levels, "semantic", STUFF_CLASSES)
    dense_head(net, levels, "depth", 1)
    return net.graph


def dense_head(net: NetBuilder, levels: dict[int, Tensor], name: str, c_out: int, channels: int = 128) -> Tensor:
    """Panoptic FPN, Figure 3: every level to stride 4 by 3x3 convolutions and upsampling, summed, to full size."""
    merged = []
    with net.block(name):
        for stride, level in levels.items():
            with net.block(f"stride{stride}"):
                y = convolved(net, level, channels)
                for step in range(stride.bit_length() - 3):  # stride 4 stays, 8 doubles once, ...
                    y = net.upsample(convolved(net, y, channels) if step else y, mode="bilinear")
                merged.append(y)
        y = net.conv(net.add_tensors(*merged), c_out, 1, bias=True)
        return net.upsample(y, 4, mode="bilinear")


def convolved(net: NetBuilder, x: Tensor, channels: int) -> Tensor:
    """3x3, group norm, ReLU."""
    return net.act(net.add(GroupNorm(32), net.conv(x, channels, 3)))


FAMILY = Family(
    cityscapes_panoptic_depth,
    {f"cityscapes_panoptic_depth_{backbone}": {"backbone": backbone} for backbone in BACKBONES},
)
