"""LR-ASPP on MobileNetV3 (Howard et al. 2019, arXiv 1905.02244), Section 6.4 and Figure 10, as in torchvision."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder
from costsim.graph.layers import Upsample
from costsim.networks.backbone import CLASSIFIER, attach_backbone
from costsim.networks.zoo import Family

WIDTH = 128


def lraspp(
    *,
    name: str = "lraspp_mobilenet_v3_large",
    backbone: str = "mobilenet_v3_large",
    input_shape: tuple[int, int, int, int] = (1, 3, 520, 520),
    classes: int = 21,
) -> LayerGraph:
    """The backbone's map at stride 16, dilated from there on, scaled by its mean, and joined with that at stride 8.

    As in torchvision, the mean is of the whole map; the paper's is of large windows.
    """
    net = NetBuilder(name)
    image = net.input(*input_shape)
    maps = attach_backbone(net, image, backbone, without=CLASSIFIER, output_stride=16, whole_units=True)
    low, high = maps[8], maps[16]
    with net.block("head"):
        scale = net.act(net.conv(net.global_pool(high), WIDTH), "sigmoid")
        y = net.multiply(net.conv_bn(high, WIDTH, 1), scale)
        y = net.add(Upsample(None, low.shape[2:], "bilinear"), y)
        y = net.add_tensors(net.conv(low, classes, 1, bias=True), net.conv(y, classes, 1, bias=True))
        net.add(Upsample(None, image.shape[2:], "bilinear"), y)
    return net.graph


FAMILY = Family(lraspp, {"lraspp_mobilenet_v3_large": {}})
