"""Xception (Chollet 2016, arXiv 1610.02357), Figure 5."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.zoo import Family

ENTRY = (128, 256, 728)
"""Output channels of the three down-sampling modules."""

MIDDLE_MODULES = 8


def xception(
    *,
    name: str = "xception",
    input_shape: tuple[int, int, int, int] = (1, 3, 299, 299),
    classes: int = 1000,
) -> LayerGraph:
    """Separable convolutions with linear shortcuts around each module of two or three of them.

    The first two convolutions are unpadded, as in the author's implementation (299 -> 149 -> 147).
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("entry"):
        with net.block("stem"):
            x = net.conv_bn(x, 32, 3, stride=2, padding=0)
            x = net.conv_bn(x, 64, 3, padding=0)
        for number, c_out in enumerate(ENTRY, start=1):
            with net.block(f"module{number}"):
                x = down_module(net, x, c_out, c_out, activate_first=number > 1)
    for number in range(MIDDLE_MODULES):
        with net.block("middle"), net.block(f"module{number + 1}"):
            y = x
            for _ in range(3):
                y = separable(net, net.act(y), x.c)
            x = net.add_tensors(x, y)
    with net.block("exit"):
        with net.block("module1"):
            x = down_module(net, x, 728, 1024, activate_first=True)
        with net.block("separable"):
            x = net.act(separable(net, x, 1536))
            x = net.act(separable(net, x, 2048))
    net.classifier(x, classes)
    return net.graph


def separable(net: NetBuilder, x: Tensor, c_out: int) -> Tensor:
    """Depthwise 3x3 and pointwise without anything between, then batch norm."""
    return net.conv_bn(net.conv(x, x.c, 3, groups=x.c), c_out, 1, act=None)


def down_module(net: NetBuilder, x: Tensor, c_mid: int, c_out: int, activate_first: bool) -> Tensor:
    """Two separable convolutions and a max pooling of stride 2; the shortcut is a strided 1x1."""
    y = separable(net, net.act(x) if activate_first else x, c_mid)
    y = separable(net, net.act(y), c_out)
    return net.add_tensors(net.max_pool(y, 3, 2, padding=1), net.conv_bn(x, c_out, 1, act=None, stride=2))


FAMILY = Family(xception, {"xception": {}})
