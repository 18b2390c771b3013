"""MobileViT (Mehta and Rastegari 2021, arXiv 2110.02178), Table 4, and MobileViTv2 (2022, arXiv 2206.02680)."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph import layers as L
from costsim.networks.common import make_divisible, published
from costsim.networks.inverted_residual import inverted_residual
from costsim.networks.transformer import conv_feed_forward, feed_forward, layer_norm, self_attention
from costsim.networks.zoo import Family

ACT = "swish"
HEADS = 4
PATCH = 2
DEPTHS = (2, 4, 3)
"""Transformer blocks of the last three stages."""


class Size(NamedTuple):
    """Channels of the five stages, widths of the last three's tokens, expansion, channels before the classifier."""

    widths: tuple[int, int, int, int, int]
    tokens: tuple[int, int, int]
    expansion: int
    features: int


SIZES = {
    "xxs": Size((16, 24, 48, 64, 80), (64, 80, 96), 2, 320),
    "xs": Size((32, 48, 64, 80, 96), (96, 120, 144), 4, 384),
    "s": Size((32, 64, 96, 128, 160), (144, 192, 240), 4, 640),
}

V2_WIDTHS = (64, 128, 256, 384, 512)
MULTIPLIERS = (0.5, 0.75, 1, 1.25, 1.5, 1.75, 2)


def mobilevit(
    *,
    name: str = "mobilevit_s",
    size: str = "s",
    input_shape: tuple[int, int, int, int] = (1, 3, 256, 256),
    classes: int = 1000,
) -> LayerGraph:
    """Inverted residuals, and in the last three stages attention between the pixels of equal place in 2x2 patches.

    A map of odd size is enlarged before it and shrunk behind it.
    """
    row = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, 16, 3, ACT, stride=2)
    for stage, c_out in enumerate(row.widths, start=1):
        with net.block(f"stage{stage}"):
            x = _local(net, x, c_out, stage, row.expansion, 3 if stage == 2 else 1)
            if stage > 2:
                x = _fused(net, x, row.tokens[stage - 3], DEPTHS[stage - 3])
    with net.block("conv_last"):
        x = net.conv_bn(x, row.features, 1, ACT)
    net.classifier(x, classes)
    return net.graph


def mobilevit_v2(
    *,
    name: str = "mobilevit_v2_1x",
    width: float = 1,
    input_shape: tuple[int, int, int, int] = (1, 3, 256, 256),
    classes: int = 1000,
) -> LayerGraph:
    """The same plan with separable attention, whose cost is linear in the pixels; ``width`` scales all channels."""
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, int(32 * width), 3, ACT, stride=2)
    for stage, channels in enumerate(V2_WIDTHS, start=1):
        with net.block(f"stage{stage}"):
            x = _local(net, x, int(channels * width), stage, 2, 2 if stage == 2 else 1)
            if stage > 2:
                x = _separable(net, x, make_divisible(x.c / 2), DEPTHS[stage - 3])
    net.classifier(x, classes)
    return net.graph


def _local(net: NetBuilder, x: Tensor, c_out: int, stage: int, expansion: int, units: int) -> Tensor:
    for unit in range(units):
        with net.block(f"unit{unit + 1}"):
            stride = 2 if unit == 0 and stage > 1 else 1
            c_mid = make_divisible(x.c * expansion)
            shortcut = stride == 1 and x.c == c_out
            x = inverted_residual(net, x, c_out, c_mid=c_mid, stride=stride, act=ACT, shortcut=shortcut)
    return x


def _fused(net: NetBuilder, x: Tensor, width: int, depth: int) -> Tensor:
    """Local and global features (Figure 1b): convolutions, transformer blocks, and both joined with the input."""
    with net.block("attention"):
        y = net.conv(net.conv_bn(x, x.c, 3, ACT), width)
        even = _even(net, y)
        folded = net.add(L.SpaceToDepth(PATCH), even)
        tokens = net.add(L.Reshape((width, PATCH * PATCH, folded.h * folded.w)), folded)
        tokens = net.add(L.Transpose((0, 2, 3, 1)), tokens)
        for number in range(1, depth + 1):
            with net.block(f"block{number}"):
                tokens = net.add_tensors(tokens, self_attention(net, layer_norm(net, tokens), HEADS))
                tokens = net.add_tensors(tokens, feed_forward(net, layer_norm(net, tokens), 2 * width, ACT))
        tokens = net.add(L.Transpose((0, 3, 1, 2)), layer_norm(net, tokens))
        seen = net.add(L.DepthToSpace(PATCH), net.add(L.ReshapeLike(), tokens, folded))
        if even is not y:
            seen = net.add(L.Upsample(None, y.shape[2:], "bilinear"), seen)
        return net.conv_bn(net.concat(x, net.conv_bn(seen, x.c, 1, ACT)), x.c, 3, ACT)


def _separable(net: NetBuilder, x: Tensor, width: int, depth: int) -> Tensor:
    """Local and global features of the second version: depthwise instead of dense, no joining with the input."""
    with net.block("attention"):
        c_out = x.c
        y = net.conv(net.depthwise_bn(_even(net, x), 3, ACT), width)
        folded = net.add(L.SpaceToDepth(PATCH), y)
        tokens = net.add(L.Reshape((width, PATCH * PATCH, folded.h * folded.w)), folded)
        for number in range(1, depth + 1):
            with net.block(f"block{number}"):
                tokens = net.add_tensors(tokens, separable_attention(net, net.add(L.GroupNorm(1), tokens)))
                tokens = net.add_tensors(
                    tokens, conv_feed_forward(net, net.add(L.GroupNorm(1), tokens), 2 * width, ACT)
                )
        seen = net.add(L.ReshapeLike(), net.add(L.GroupNorm(1), tokens), folded)
        return net.conv_bn(net.add(L.DepthToSpace(PATCH), seen), c_out, 1, act=None)


def separable_attention(net: NetBuilder, tokens: Tensor) -> Tensor:
    """One score a token weighs the keys into one vector, which scales every value; tokens lie along the last axis."""
    width = tokens.c
    score, keys, values = net.split(net.conv(tokens, 1 + 2 * width, bias=True), 1, width, width)
    weighed = net.multiply(keys, net.add(L.Softmax(-1), score))
    context = net.add(L.Reduce((3,), "sum"), weighed)
    return net.conv(net.multiply(net.act(values), context), width, bias=True)


def _even(net: NetBuilder, x: Tensor) -> Tensor:
    """The map enlarged to whole patches, where it is not."""
    h, w = (-(-side // PATCH) * PATCH for side in x.shape[2:])
    return x if (h, w) == (x.h, x.w) else net.add(L.Upsample(None, (h, w), "bilinear"), x)


V1 = Family(mobilevit, {f"mobilevit_{size}": {"size": size} for size in SIZES})
V2 = Family(mobilevit_v2, {f"mobilevit_v2_{width:g}x": {"width": width} for width in MULTIPLIERS})
