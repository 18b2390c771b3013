"""DeepLabV3+ (Chen et al. 2018, arXiv 1802.02611), Figure 2, as in segmentation_models_pytorch."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Upsample
from costsim.networks.backbone import CLASSIFIER, attach_backbone
from costsim.networks.zoo import Family

RATES = (12, 24, 36)
WIDTH = 256
LOW_WIDTH = 48


def deeplab_v3_plus(
    *,
    name: str = "deeplab_v3_plus_mobilenet_v2_1x",
    backbone: str = "mobilenet_v2_1x",
    input_shape: tuple[int, int, int, int] = (1, 3, 512, 512),
    classes: int = 21,
) -> LayerGraph:
    """Dilated separable convolutions of three rates over the map at stride 16, a decoder that adds that at stride 4.

    The backbone is dilated from stride 16 on.
    """
    net = NetBuilder(name)
    image = net.input(*input_shape)
    maps = attach_backbone(net, image, backbone, without=CLASSIFIER, output_stride=16, whole_units=True)
    with net.block("aspp"):
        x = _separable(net, _pyramid(net, maps[16]), WIDTH)
    with net.block("decoder"):
        low = net.conv_bn(maps[4], LOW_WIDTH, 1)
        x = _separable(net, net.concat(net.add(Upsample(None, low.shape[2:], "bilinear"), x), low), WIDTH)
    with net.block("classifier"):
        net.add(Upsample(None, image.shape[2:], "bilinear"), net.conv(x, classes, 1, bias=True))
    return net.graph


def _pyramid(net: NetBuilder, x: Tensor) -> Tensor:
    """Atrous spatial pyramid pooling: a pointwise convolution, three dilated ones, and the mean of the map."""
    mean = net.conv_bn(net.global_pool(x), WIDTH, 1)
    parts = [net.conv_bn(x, WIDTH, 1), *(_separable(net, x, WIDTH, dilation=rate) for rate in RATES)]
    parts.append(net.add(Upsample(None, x.shape[2:], "bilinear"), mean))
    return net.dropout(net.conv_bn(net.concat(*parts), WIDTH, 1))


def _separable(net: NetBuilder, x: Tensor, c_out: int, **options: Any) -> Tensor:
    """Depthwise 3x3 and pointwise convolution, one norm and activation behind both."""
    return net.conv_bn(net.conv(x, x.c, 3, groups=x.c, **options), c_out, 1)


FAMILY = Family(
    deeplab_v3_plus,
    {f"deeplab_v3_plus_{backbone}": {"backbone": backbone} for backbone in ("mobilenet_v2_1x", "resnet50")},
)
