"""CondenseNet (Huang et al. 2017, arXiv 1711.09224) for ImageNet and CIFAR-10."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import IndexSelect
from costsim.networks.densenet import BOTTLENECK, pre_activated
from costsim.networks.reactivation import Pruning, learned_group_conv
from costsim.networks.zoo import Family

# layers and growth of each dense block
IMAGENET = {"layers": (4, 6, 8, 10, 8), "growth": (8, 16, 32, 64, 128)}
CIFAR_LAYERS = {50: 8, 74: 12, 86: 14, 98: 16, 110: 18, 122: 20, 182: 30}
"""Depth to the layers of each of the three blocks, whose growth is 8, 16, 32.

The layers of the deepest were not released with the others: 30 a block and a growth of 12, 24, 48
give its printed 513 M and 4.2 M parameters.
"""


def condensenet(
    *,
    name: str = "condensenet",
    layers: tuple[int, ...] = IMAGENET["layers"],
    growth: tuple[int, ...] = IMAGENET["growth"],
    groups: int = 4,
    stem_stride: int = 2,
    masked: bool = False,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Dense layers whose 1x1 convolution learned which inputs each of its groups may drop.

    ``groups`` is G = C of the paper. Growth doubles from block to block, connections run through
    the whole network and transitions only pool. ``masked`` is the training-time form: the 1x1
    convolutions dense with a mask, the classifier over all features instead of the kept half.
    The published FLOPs (529 and 274 M) also count ReLUs, pooling and biases; by multiply-
    accumulates alone the networks have 516.6 and 261.5 M.
    """
    pruning = Pruning(groups, groups, masked)
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv(x, 2 * growth[0], 3, stride=stem_stride)
    for block, (count, k) in enumerate(zip(layers, growth, strict=True), start=1):
        for number in range(count):
            with net.block(f"dense{block}"), net.block(f"layer{number + 1}"):
                x = net.concat(x, condensed_branch(net, x, k, pruning))
        if block < len(layers):
            with net.block(f"transition{block}"):
                x = net.avg_pool(x, 2)
    with net.block("classifier"):
        x = net.global_pool(net.act(net.bn(x)))
        if not masked:
            x = net.add(IndexSelect(x.c // 2), x)
        net.linear(x, classes)
    return net.graph


def condensed_branch(net: NetBuilder, x: Tensor, growth: int, pruning: Pruning, act: str = "relu") -> Tensor:
    """A learned group 1x1 to four times the growth and a 3x3 group convolution."""
    y = learned_group_conv(net, x, BOTTLENECK * growth, pruning, act)
    return pre_activated(net, y, growth, 3, act, groups=pruning.groups)


def _variants() -> dict[str, dict[str, object]]:
    variants: dict[str, dict[str, object]] = {}
    for groups in (4, 8):
        variants[f"condensenet_74_g{groups}"] = {"groups": groups}
    for depth, count in CIFAR_LAYERS.items():
        variants[f"condensenet_cifar_{depth}"] = {
            "layers": (count,) * 3, "growth": (12, 24, 48) if depth == 182 else (8, 16, 32), "stem_stride": 1,
            "input_shape": (1, 3, 32, 32), "classes": 10,
        }  # fmt: skip
    return variants | {f"{name}_masked": {**options, "masked": True} for name, options in variants.items()}


FAMILY = Family(condensenet, _variants())
