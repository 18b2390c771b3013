"""MobileNet (Howard et al. 2017, arXiv 1704.04861), Table 1, and FD-MobileNet (arXiv 1802.03750), Table 1."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.common import scaled
from costsim.networks.zoo import Family

# output channels and stride of the depthwise-pointwise pairs after the first convolution
BODY = (
    (64, 1),
    (128, 2), (128, 1),
    (256, 2), (256, 1),
    (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
    (1024, 2), (1024, 1),
)  # fmt: skip

FAST_DOWNSAMPLING_BODY = (
    (64, 2),
    (128, 2), (128, 1),
    (256, 2), (256, 1),
    (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 1),
)  # fmt: skip

WIDTHS = (0.25, 0.35, 0.5, 0.6, 0.75, 0.85, 1.05, 1.3, 1.5)
"""The paper's own, and those of the VarGNet paper's comparison (arXiv 1907.05653, Table 3)."""


def mobilenet_v1(
    *,
    name: str = "mobilenet_v1",
    width: Any = 1.0,
    fast_downsampling: bool = False,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """A depthwise 3x3 and a pointwise convolution, thirteen times.

    ``width`` scales all channels, rounded down and not to multiples of 8: that alone gives the
    multiply-adds and the widest layers (358, 614, 870, ...) that the VarGNet paper prints. FD-MobileNet
    (``fast_downsampling``) halves the map in every early pair and works on small maps.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.conv_bn(x, scaled(32, width), 3, stride=2)
    for pair, (c_out, stride) in enumerate(FAST_DOWNSAMPLING_BODY if fast_downsampling else BODY, start=1):
        with net.block(f"pair{pair}"):
            x = net.depthwise_bn(x, 3, stride=stride)
            x = net.conv_bn(x, scaled(c_out, width), 1)
    net.classifier(x, classes)
    return net.graph


FAMILY = Family(mobilenet_v1, {f"mobilenet_v1_{w:g}x": {"width": w} for w in (*WIDTHS, 1.0)})
FD = Family(
    mobilenet_v1, {f"fd_mobilenet_{w:g}x": {"width": w, "fast_downsampling": True} for w in (0.25, 0.5, 0.75, 1.0)}
)
