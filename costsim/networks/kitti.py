"""Depth and stereo for KITTI: a U-Net on a classification backbone, as in the VarGNet paper's experiments."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.backbone import attach_backbone
from costsim.networks.zoo import Family

DECODER = {16: 256, 8: 128, 4: 64, 2: 32, 1: 16}
"""Stride to channels of the decoder's stages (Monodepth2)."""

PREDICTED_STRIDES = (8, 4, 2, 1)

BACKBONES = ("mobilenet_v1_1x", "shufflenet_v2_1x", "vargnet_v1_1x", "vargnet_v2_1x", "resnet18")

NOTES = (
    "the VarGNet paper says 'U-Net style' only: the decoder of Monodepth2 (arXiv 1806.01260) and its 192x640 image "
    "stand in for its unpublished layers",
)


def kitti_depth(
    *,
    name: str = "kitti_depth",
    backbone: str = "vargnet_v1_1x",
    views: int = 1,
    input_shape: tuple[int, int, int, int] | None = None,
) -> LayerGraph:
    """An encoder, and a decoder that doubles the map, takes the encoder's map of that size in, and predicts.

    ``views`` is 1 for depth and 2 for stereo, whose images enter stacked along the channels. The
    paper publishes no layers of decoder or matching: the decoder is Monodepth2's, with a disparity
    map at each of its last four sizes.
    """
    net = NetBuilder(name, notes=NOTES)
    x = net.input(*(input_shape or (1, 3 * views, 192, 640)))
    maps = attach_backbone(net, x, backbone)
    y = maps[32]
    for stride, channels in DECODER.items():
        with net.block("decoder"), net.block(f"stride{stride}"):
            y = net.upsample(convolved(net, y, channels))
            y = convolved(net, net.concat(y, maps[stride]) if stride in maps else y, channels)
            if stride in PREDICTED_STRIDES:
                net.act(net.conv(y, 1, 3, bias=True), "sigmoid")
    return net.graph


def convolved(net: NetBuilder, x: Tensor, channels: int) -> Tensor:
    """3x3 and ELU."""
    return net.act(net.conv(x, channels, 3, bias=True), "elu")


FAMILY = Family(
    kitti_depth,
    {f"kitti_depth_{backbone}": {"backbone": backbone} for backbone in BACKBONES}
    | {f"kitti_stereo_{backbone}": {"backbone": backbone, "views": 2} for backbone in BACKBONES},
)
