"""SSD (Liu et al. 2016, arXiv 1512.02325) and SSDLite (arXiv 1801.04381) on MobileNet, as in qfgaohao/pytorch-ssd."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.backbone import CLASSIFIER, attach_backbone
from costsim.networks.zoo import Family

BOXES = 6
"""Default boxes at every place of every map."""

# squeezed and output channels of the maps behind the backbone, each half the size of the one before
EXTRAS = ((256, 512), (128, 256), (128, 256), (128, 256))

NOTES = ("the boxes' decoding and non-maximum suppression are not counted",)


def ssd(
    *,
    name: str = "ssd_mobilenet_v1",
    backbone: str = "mobilenet_v1_1x",
    lite: bool = False,
    input_shape: tuple[int, int, int, int] = (1, 3, 300, 300),
    classes: int = 21,
) -> LayerGraph:
    """Boxes and classes from six maps: the backbone's at strides 16 and 32, and four smaller ones behind it.

    SSDLite (``lite``) has depthwise and pointwise convolutions where SSD has 3x3 ones, but a single
    pointwise one on the last map. ``classes`` include the background.
    """
    net = NetBuilder(name, notes=NOTES)
    backbone_maps = attach_backbone(net, net.input(*input_shape), backbone, without=CLASSIFIER)
    maps = [backbone_maps[16], backbone_maps[32]]
    for number, (c_mid, c_out) in enumerate(EXTRAS, start=1):
        with net.block("extra"), net.block(f"map{number}"):
            x = net.act(net.conv(maps[-1], c_mid, 1, bias=True))
            if lite:
                maps.append(net.conv(net.depthwise_bn(x, 3, stride=2), c_out, 1, bias=True))
            else:
                maps.append(net.act(net.conv(x, c_out, 3, stride=2, bias=True)))
    for number, x in enumerate(maps, start=1):
        with net.block("head"), net.block(f"map{number}"):
            for c_out in (4 * BOXES, classes * BOXES):
                read = net.depthwise_bn(x, 3) if lite and number < len(maps) else x
                net.conv(read, c_out, 1 if lite else 3, bias=True)
    return net.graph


FAMILY = Family(ssd, {"ssd_mobilenet_v1": {}, "ssdlite_mobilenet_v1": {"lite": True}})
