"""GoogLeNet with batch norm, as torchvision has it (pytorch/vision, googlenet.py) and most tables mean it."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.googlenet import INCEPTIONS
from costsim.networks.zoo import Family

POOLED_AFTER = {"3b": 3, "4e": 2}
"""Kernels of the poolings."""


def googlenet_bn(
    *,
    name: str = "googlenet_bn",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """The modules of GoogLeNet (arXiv 1409.4842) with batch norm and, by a slip everyone kept, 3x3 for its 5x5.

    The two auxiliary classifiers serve training only and are left out.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.max_pool(net.conv_bn(x, 64, 7, stride=2), 3, 2, ceil_mode=True)
        x = net.max_pool(net.conv_bn(net.conv_bn(x, 64, 1), 192, 3), 3, 2, ceil_mode=True)
    for module, channels in INCEPTIONS.items():
        with net.block(f"inception_{module}"):
            x = _inception(net, x, *channels)
            if module in POOLED_AFTER:
                x = net.max_pool(x, POOLED_AFTER[module], 2, ceil_mode=True)
    with net.block("classifier"):
        net.linear(net.dropout(net.global_pool(x)), classes)
    return net.graph


def _inception(
    net: NetBuilder, x: Tensor, c1: int, c3_reduce: int, c3: int, c5_reduce: int, c5: int, c_pool: int
) -> Tensor:
    return net.concat(
        net.conv_bn(x, c1, 1),
        net.conv_bn(net.conv_bn(x, c3_reduce, 1), c3, 3),
        net.conv_bn(net.conv_bn(x, c5_reduce, 1), c5, 3),
        net.conv_bn(net.max_pool(x, 3, 1, padding=1), c_pool, 1),
    )


FAMILY = Family(googlenet_bn, {"googlenet_bn": {}})
