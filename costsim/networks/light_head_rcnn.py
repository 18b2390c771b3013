"""Light-Head R-CNN (Li et al. 2017, arXiv 1711.07264) on the backbones of ShuffleNetV2's Table 7."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import RoiAlign
from costsim.networks.backbone import attach_backbone
from costsim.networks.detection import PROPOSALS_NOTE, padded_image, region_proposals
from costsim.networks.zoo import Family

CELLS = 7
THIN_CHANNELS = 10
"""The thin feature map has 10 x 7 x 7 channels."""

BACKBONES = (
    *(f"light_xception_{width}" for width in ("0.5x", "1x", "1.5x", "2x")),
    *(f"shufflenet_v1_g3_{width}" for width in ("0.5x", "1x", "1.5x", "2x")),
    *(f"mobilenet_v2_{width}" for width in ("0.15x", "0.6x", "1x", "1.4x")),
    *(f"shufflenet_v2_{width}" for width in ("0.5x", "1x", "1.5x", "2x")),
    *(f"shufflenet_v2_{width}_detection" for width in ("0.5x", "1x", "1.5x", "2x")),
)

NOTES = (
    "ShuffleNetV2 names the detector and the 800x1200 image; that the head reads the maps at strides 16 (proposals) "
    "and 32 (thin features) of the undilated backbone is assumed",
)


def light_head_rcnn(
    *,
    name: str = "light_head_rcnn",
    backbone: str = "shufflenet_v2_1x",
    proposals: int = 1000,
    classes: int = 81,
    c_mid: int = 64,
    input_shape: tuple[int, int, int, int] = (1, 3, 800, 1200),
) -> LayerGraph:
    """A thin feature map by a large separable convolution, position-sensitive pooling, one fully connected layer.

    ``c_mid`` is 64 in the paper's small setting and 256 in its large one; 15 anchors (five
    scales, three ratios), boxes shared by all classes. ``classes`` include the background. How
    ShuffleNetV2's authors joined it to each backbone was never published.
    """
    net = NetBuilder(name, notes=PROPOSALS_NOTE + NOTES)
    maps = attach_backbone(net, padded_image(net, *input_shape), backbone)
    region_proposals(net, [maps[16]], anchors=15)
    with net.block("thin"):
        thin = large_separable(net, maps[32], c_mid, THIN_CHANNELS * CELLS**2)
    with net.block("box_head"):
        y = net.add(RoiAlign(proposals, CELLS, position_sensitive=True), thin)
        y = net.act(net.linear(y, 2048))
        net.linear(y, classes)
        net.linear(y, 4)
    return net.graph


def large_separable(net: NetBuilder, x: Tensor, c_mid: int, c_out: int, kernel: int = 15) -> Tensor:
    """Figure 3: k x 1 then 1 x k, and 1 x k then k x 1, summed."""
    tall, flat = (kernel, 1), (1, kernel)
    branches = (
        net.conv(net.conv(x, c_mid, first, bias=True), c_out, second, bias=True)
        for first, second in ((tall, flat), (flat, tall))
    )
    return net.act(net.add_tensors(*branches))


FAMILY = Family(light_head_rcnn, {f"light_head_rcnn_{backbone}": {"backbone": backbone} for backbone in BACKBONES})
