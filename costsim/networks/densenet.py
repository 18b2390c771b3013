"""DenseNet (Huang et al. 2016, arXiv 1608.06993), Table 1, and the small ones of ShuffleNetV2's Table 8."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Dim
from costsim.networks.zoo import Family

# depth: growth, channels of the first convolution, layers of the dense blocks
DEPTHS: dict[str, dict[str, object]] = {
    "121": {"growth": 32, "stem": 64, "layers": (6, 12, 24, 16)},
    "161": {"growth": 48, "stem": 96, "layers": (6, 12, 36, 24)},
    "169": {"growth": 32, "stem": 64, "layers": (6, 12, 32, 32)},
    "201": {"growth": 32, "stem": 64, "layers": (6, 12, 48, 32)},
}

BOTTLENECK = 4
"""The 1x1 of a dense layer puts out this many times the growth."""

SMALL_LAYERS = (4, 8, 4)
SMALL_GROWTH = {"0.5x": 8, "1x": 19, "1.5x": 28, "2x": 39}
"""Chosen here to come nearest to the printed budgets of 42, 142, 295 and 519 M: 43.8, 147.9, 285.9 and 519.2 M."""

SMALL_NOTE = ("growth and transitions were never published; chosen to come nearest to the printed multiply-adds",)


def densenet(
    *,
    name: str = "densenet",
    growth: Any = 32,
    stem: Any = 64,
    layers: tuple[int, ...] = (6, 12, 24, 16),
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Every layer reads the concatenation of all before it in its block and adds ``growth`` channels.

    DenseNet-BC: 1x1 bottlenecks of four times the growth, and transitions that halve the channels.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.max_pool(net.conv_bn(x, stem, 7, stride=2), 3, 2, padding=1)
    for block, count in enumerate(layers, start=1):
        if block > 1:
            with net.block(f"transition{block - 1}"):
                x = transition(net, x)
        for number in range(count):
            with net.block(f"dense{block}"), net.block(f"layer{number + 1}"):
                x = dense_layer(net, x, growth)
    x = net.act(net.bn(x))
    net.classifier(x, classes)
    return net.graph


def dense_layer(net: NetBuilder, x: Tensor, growth: Dim) -> Tensor:
    """Pre-activated 1x1 and 3x3, concatenated to what came in."""
    y = pre_activated(net, x, BOTTLENECK * growth, 1)
    return net.concat(x, pre_activated(net, y, growth, 3))


def transition(net: NetBuilder, x: Tensor) -> Tensor:
    """Half the channels, half the map."""
    return net.avg_pool(pre_activated(net, x, x.c // 2, 1), 2)


def pre_activated(net: NetBuilder, x: Tensor, c_out: Dim, kernel: int, act: str = "relu", **options: Any) -> Tensor:
    """Batch norm and activation in front of the convolution."""
    return net.conv(net.act(net.bn(x), act), c_out, kernel, **options)


def densenet_small(
    *,
    name: str = "densenet_small",
    growth: Any = 19,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """ShuffleNetV2's skeleton (its Table 5) with dense layers in stages 2 to 4.

    Growth and transitions of the ShuffleNetV2 paper's "DenseNet (our impl.)" were never
    published. Assumed here: one growth throughout, the one whose multiply-adds come nearest to
    the printed budget, and transitions that keep the channels.
    """
    net = NetBuilder(name, notes=SMALL_NOTE)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.max_pool(net.conv_bn(x, 24, 3, stride=2), 3, 2, padding=1)
    for stage, count in enumerate(SMALL_LAYERS, start=2):
        with net.block(f"stage{stage}"):
            with net.block("transition"):
                x = net.avg_pool(pre_activated(net, x, x.c, 1), 2)
            for number in range(count):
                with net.block(f"layer{number + 1}"):
                    x = dense_layer(net, x, growth)
    with net.block("conv5"):
        x = net.act(net.bn(pre_activated(net, x, 1024, 1)))
    net.classifier(x, classes)
    return net.graph


SMALL = Family(densenet_small, {f"densenet_small_{w}": {"growth": growth} for w, growth in SMALL_GROWTH.items()})
FAMILY = Family(densenet, {f"densenet{depth}": options for depth, options in DEPTHS.items()})
