"""ProxylessNAS (Cai et al. 2018, arXiv 1812.00332), Figure 4, as released by the authors."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.common import published, whole_multiple
from costsim.networks.inverted_residual import inverted_residual
from costsim.networks.zoo import Family

STRIDES = (1, 2, 2, 2, 1, 2, 1)

# stem, stages of (output channels, (kernel, expansion) of each unit), last convolution; units the search
# replaced by the identity are left out
MOBILE: dict[str, Any] = {
    "stem": 32,
    "stages": (
        (16, ((3, 1),)),
        (32, ((5, 3), (3, 3))),
        (40, ((7, 3), (3, 3), (5, 3), (5, 3))),
        (80, ((7, 6), (5, 3), (5, 3), (5, 3))),
        (96, ((5, 6), (5, 3), (5, 3), (5, 3))),
        (192, ((7, 6), (7, 6), (7, 3), (7, 3))),
        (320, ((7, 6),)),
    ),
    "last": 1280,
}
GPU: dict[str, Any] = {
    "stem": 40,
    "stages": (
        (24, ((3, 1),)),
        (32, ((5, 3),)),
        (56, ((7, 3), (3, 3))),
        (112, ((7, 6), (5, 3))),
        (128, ((5, 6), (3, 3), (5, 3))),
        (256, ((7, 6), (7, 6), (7, 6), (5, 6))),
        (432, ((7, 6),)),
    ),
    "last": 1728,
}
CPU: dict[str, Any] = {
    "stem": 40,
    "stages": (
        (24, ((3, 1),)),
        (32, ((3, 6), (3, 3), (3, 3), (3, 3))),
        (48, ((3, 6), (3, 3), (3, 3), (5, 3))),
        (88, ((3, 6), (3, 3))),
        (104, ((5, 6), (3, 3), (3, 3), (3, 3))),
        (216, ((5, 6), (5, 3), (5, 3), (3, 3))),
        (360, ((5, 6),)),
    ),
    "last": 1432,
}

TARGETS = {"mobile": MOBILE, "gpu": GPU, "cpu": CPU}


def proxylessnas(
    *,
    name: str = "proxylessnas_mobile",
    target: str = "mobile",
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Inverted residuals, each with its own kernel and expansion, searched on the device it is named after.

    ``proxylessnas_mobile`` (a Pixel phone) is the one papers mean by ProxylessNAS; ``_gpu`` (V100)
    is shallow and wide, ``_cpu`` (Xeon) has small kernels. ``width`` scales all channels, rounded
    up to multiples of 8 as MCUNet's authors do.
    """
    found = published(TARGETS, target, "target")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, whole_multiple(found["stem"] * width), 3, "relu6", stride=2)
    for stage, (stride, (c_out, units)) in enumerate(zip(STRIDES, found["stages"], strict=True), start=1):
        for unit, (kernel, expansion) in enumerate(units):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                x = inverted_residual(
                    net, x, whole_multiple(c_out * width),
                    c_mid=expansion * x.c if expansion > 1 else None,
                    kernel=kernel,
                    stride=stride if unit == 0 else 1,
                    shortcut=unit > 0,
                )  # fmt: skip
    with net.block("conv_last"):
        x = net.conv_bn(x, whole_multiple(found["last"] * width), 1, "relu6")
    net.classifier(x, classes)
    return net.graph


FAMILY = Family(
    proxylessnas,
    {
        **{f"proxylessnas_{target}": {"target": target} for target in TARGETS},
        "proxylessnas_mobile_0.3x": {"width": 0.3, "input_shape": (1, 3, 176, 176)},
    },
)
