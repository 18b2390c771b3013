"""GoogLeNet (Szegedy et al. 2014, arXiv 1409.4842), Table 1."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.zoo import Family

# 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
POOLED_AFTER = ("3b", "4e")


def googlenet(
    *,
    name: str = "googlenet",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Nine inception modules, as published: 5x5 branches, response normalisation, no batch norm.

    The two auxiliary classifiers serve training only and are left out. torchvision's version has
    batch norm and, by a known slip, 3x3 kernels in the 5x5 branches: it is another network.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.act(net.conv(x, 64, 7, stride=2, bias=True))
        x = net.lrn(net.max_pool(x, 3, 2, ceil_mode=True))
        x = net.act(net.conv(x, 64, 1, bias=True))
        x = net.act(net.conv(x, 192, 3, bias=True))
        x = net.max_pool(net.lrn(x), 3, 2, ceil_mode=True)
    for module, channels in INCEPTIONS.items():
        with net.block(f"inception_{module}"):
            x = inception(net, x, *channels)
            if module in POOLED_AFTER:
                x = net.max_pool(x, 3, 2, ceil_mode=True)
    with net.block("classifier"):
        net.linear(net.dropout(net.global_pool(x)), classes)
    return net.graph


def inception(
    net: NetBuilder, x: Tensor, c1: int, c3_reduce: int, c3: int, c5_reduce: int, c5: int, c_pool: int
) -> Tensor:
    """Four branches, concatenated (Figure 2b)."""

    def conv(y: Tensor, c_out: int, kernel: int) -> Tensor:
        return net.act(net.conv(y, c_out, kernel, bias=True))

    return net.concat(
        conv(x, c1, 1),
        conv(conv(x, c3_reduce, 1), c3, 3),
        conv(conv(x, c5_reduce, 1), c5, 5),
        conv(net.max_pool(x, 3, 1, padding=1), c_pool, 1),
    )


FAMILY = Family(googlenet, {"googlenet": {}})
