"""RetinaFace (Deng et al. 2019, arXiv 1905.00641) on MobileNet v1 0.25x, as in biubug6/Pytorch_Retinaface."""

from __future__ import annotations

from collections.abc import Sequence

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Reshape, Softmax, Transpose, Upsample
from costsim.networks.backbone import CLASSIFIER, attach_backbone
from costsim.networks.zoo import Family

WIDTH = 64
ACT = "leaky_relu"
ANCHORS = 2

# what a box has: face or not, corners, five landmarks
OUTPUTS = {"classes": 2, "boxes": 4, "landmarks": 10}

NOTE = ("the boxes' decoding from their anchors and non-maximum suppression are not counted",)


def retinaface(
    *,
    name: str = "retinaface_mobilenet_v1_0.25x",
    backbone: str = "mobilenet_v1_0.25x",
    input_shape: tuple[int, int, int, int] = (1, 3, 640, 640),
) -> LayerGraph:
    """Three maps through a feature pyramid and a context module each; faces, boxes and landmarks by 1x1 convolutions.

    The released backbone has leaky ReLU where MobileNet v1, and this one, has ReLU.
    """
    net = NetBuilder(name, notes=NOTE)
    maps = attach_backbone(net, net.input(*input_shape), backbone, without=CLASSIFIER)
    with net.block("pyramid"):
        levels = _pyramid(net, [maps[stride] for stride in (8, 16, 32)])
    outputs: dict[str, list[Tensor]] = {output: [] for output in OUTPUTS}
    for number, x in enumerate(levels, start=1):
        with net.block(f"level{number}"):
            y = _context(net, x)
            for output, values in OUTPUTS.items():
                z = net.add(Transpose((0, 2, 3, 1)), net.conv(y, ANCHORS * values, 1, bias=True))
                outputs[output].append(net.add(Reshape((-1, values)), z))
    with net.block("head"):
        for output, parts in outputs.items():
            joined = net.concat(*parts)
            if output == "classes":
                net.add(Softmax(-1), joined)
    return net.graph


def _pyramid(net: NetBuilder, maps: Sequence[Tensor]) -> list[Tensor]:
    """Maps in 64 channels, each finer one with the coarser one added, and smoothed."""
    fine, middle, coarse = (net.conv_bn(x, WIDTH, 1, ACT) for x in maps)

    def joined(x: Tensor, above: Tensor) -> Tensor:
        return net.conv_bn(net.add_tensors(x, net.add(Upsample(None, x.shape[2:]), above)), WIDTH, 3, ACT)

    middle = joined(middle, coarse)
    return [joined(fine, middle), middle, coarse]


def _context(net: NetBuilder, x: Tensor) -> Tensor:
    """SSH (arXiv 1708.03979): half of the channels see 3x3 pixels, a quarter 5x5, a quarter 7x7."""
    shared = net.conv_bn(x, WIDTH // 4, 3, ACT)
    third = net.conv_bn(net.conv_bn(shared, WIDTH // 4, 3, ACT), WIDTH // 4, 3, act=None)
    second = net.conv_bn(shared, WIDTH // 4, 3, act=None)
    return net.act(net.concat(net.conv_bn(x, WIDTH // 2, 3, act=None), second, third))


FAMILY = Family(retinaface, {"retinaface_mobilenet_v1_0.25x": {}})
