"""R3D-18 (Tran et al. 2017, arXiv 1711.11248), Table 1, as in torchvision."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.video import conv_3d, mean_over_frames
from costsim.networks.zoo import Family

WIDTHS = (64, 128, 256, 512)
UNITS = 2

NOTE = (
    "the first dimension is the frames of one clip; 3-D convolutions are written as planar ones over their neighbours",
)


def r3d(
    *,
    name: str = "r3d_18",
    input_shape: tuple[int, int, int, int] = (16, 3, 112, 112),
    classes: int = 400,
) -> LayerGraph:
    """ResNet-18 with 3x3x3 convolutions; the first has 3x7x7, and strides are in time as in space."""
    net = NetBuilder(name, notes=NOTE)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.act(net.bn(conv_3d(net, x, 64, 7, stride=2)))
    for stage, width in enumerate(WIDTHS, start=1):
        for unit in range(UNITS):
            with net.block(f"layer{stage}"), net.block(f"unit{unit + 1}"):
                x = _unit(net, x, width, 2 if unit == 0 and stage > 1 else 1)
    with net.block("classifier"):
        net.linear(mean_over_frames(net, net.global_pool(x)), classes)
    return net.graph


def _unit(net: NetBuilder, x: Tensor, c_out: int, stride: int) -> Tensor:
    y = net.act(net.bn(conv_3d(net, x, c_out, stride=stride, skip=stride)))
    y = net.bn(conv_3d(net, y, c_out))
    shortcut = x if stride == 1 else net.bn(conv_3d(net, x, c_out, 1, depth=1, stride=stride, skip=stride))
    return net.act(net.add_tensors(y, shortcut))


FAMILY = Family(r3d, {"r3d_18": {}})
