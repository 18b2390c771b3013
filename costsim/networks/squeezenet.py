"""SqueezeNet (Iandola et al. 2016, arXiv 1602.07360), Table 1, and version 1.1 of the authors' repository."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.common import published
from costsim.networks.zoo import Family

# (squeeze, expand) channels of fire2 to fire9
FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))

# version: first convolution (channels, kernel), and the fire modules that are followed by a pooling
VERSIONS: dict[str, dict[str, Any]] = {
    "1_0": {"stem": (96, 7), "pooled_after": (4, 8)},
    "1_1": {"stem": (64, 3), "pooled_after": (3, 5)},
}


def squeezenet(
    *,
    name: str = "squeezenet",
    version: str = "1_0",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Fire modules: a squeezing 1x1, then 1x1 and 3x3 side by side; the classifier is a convolution.

    Pooling keeps the last, overhanging window, as in Caffe.
    """
    layout = published(VERSIONS, version, "version")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.act(net.conv(x, *layout["stem"], stride=2, padding=0, bias=True))
        x = net.max_pool(x, 3, 2, ceil_mode=True)
    for number, (squeeze, expand) in enumerate(FIRES, start=2):
        with net.block(f"fire{number}"):
            x = fire(net, x, squeeze, expand)
            if number in layout["pooled_after"]:
                x = net.max_pool(x, 3, 2, ceil_mode=True)
    with net.block("classifier"):
        x = net.act(net.conv(net.dropout(x), classes, 1, bias=True))
        net.flatten(net.global_pool(x))
    return net.graph


def fire(net: NetBuilder, x: Tensor, squeeze: int, expand: int) -> Tensor:
    """Figure 1."""
    s = net.act(net.conv(x, squeeze, 1, bias=True))
    return net.concat(*(net.act(net.conv(s, expand, kernel, bias=True)) for kernel in (1, 3)))


FAMILY = Family(squeezenet, {f"squeezenet_{version}": {"version": version} for version in VERSIONS})
