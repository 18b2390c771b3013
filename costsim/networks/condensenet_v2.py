"""CondenseNetV2 (Yang et al. 2021, arXiv 2104.04382), its three ImageNet networks."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.condensenet import condensed_branch
from costsim.networks.reactivation import Pruning, reactivate
from costsim.networks.zoo import Family

NETWORKS: dict[str, dict[str, object]] = {
    "a": {"layers": (1, 1, 4, 6, 8), "growth": (8, 8, 16, 32, 64), "groups": 8, "hidden": 828},
    "b": {"layers": (2, 4, 6, 8, 6), "growth": (6, 12, 24, 48, 96), "groups": 6, "hidden": 1024},
    "c": {"layers": (4, 6, 8, 10, 8), "growth": (8, 16, 32, 64, 128), "groups": 8, "hidden": 1024},
}

HARD_SWISH_FROM = 3
"""First block (from 1) with hard-swish for ReLU."""
SQUEEZE_EXCITE_FROM = 4
"""First block (from 1) with a squeeze-excite on the new features."""


def condensenet_v2(
    *,
    name: str = "condensenet_v2",
    layers: tuple[int, ...],
    growth: tuple[int, ...],
    groups: int = 8,
    hidden: int = 1024,
    masked: bool = False,
    index_matmul: bool = False,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """CondenseNet whose new features also update all earlier ones (sparse feature reactivation).

    ``groups`` serves as group count, condensation factor and sparsity factor. Deployed, each update
    is a group convolution and an index layer, here a scatter-add; ``index_matmul`` computes it as
    the authors' released code does, as a dense C x C product that no published count includes
    (167, 586 and 2544 M more multiply-accumulates for a, b and c). ``masked`` is the training-time
    form. The published FLOPs (46, 146, 309 M) also count activations and pooling.
    """
    pruning = Pruning(groups, groups, masked, index_matmul)
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv(x, 2 * growth[0], 3, stride=2)
    for block, (count, k) in enumerate(zip(layers, growth, strict=True), start=1):
        act = "hard_swish" if block >= HARD_SWISH_FROM else "relu"
        for number in range(count):
            with net.block(f"dense{block}"), net.block(f"layer{number + 1}"):
                x = reactivating_layer(net, x, k, pruning, act, squeeze_excite=block >= SQUEEZE_EXCITE_FROM)
        if block < len(layers):
            with net.block(f"transition{block}"):
                x = net.avg_pool(x, 2)
    with net.block("classifier"):
        x = net.global_pool(net.act(net.bn(x)))
        x = net.squeeze_excite(x, x.c // 16, bias=False)
        x = net.act(net.linear(x, hidden), "hard_swish")
        net.linear(x, classes)
    return net.graph


def reactivating_layer(
    net: NetBuilder, x: Tensor, growth: int, pruning: Pruning, act: str, squeeze_excite: bool
) -> Tensor:
    """New features, the update they give the old ones, and both concatenated."""
    new = condensed_branch(net, x, growth, pruning, act)
    if squeeze_excite:
        new = net.squeeze_excite(new, new.c, bias=False)
    update = reactivate(net, net.act(net.bn(new), act), x.c, pruning)
    return net.concat(net.add_tensors(x, update), new)


FAMILY = Family(
    condensenet_v2,
    {
        f"condensenet_v2_{letter}{suffix}": {**options, **form}
        for letter, options in NETWORKS.items()
        for suffix, form in (("", {}), ("_masked", {"masked": True}), ("_index_matmul", {"index_matmul": True}))
    },
)
