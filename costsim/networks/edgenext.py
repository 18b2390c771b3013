"""EdgeNeXt (Maaz et al. 2022, arXiv 2206.10589), Table 1."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph import layers as L
from costsim.networks.common import published
from costsim.networks.transformer import (
    channels_first,
    channels_last,
    dense,
    feed_forward,
    heads_of,
    layer_norm,
    map_norm,
    scale,
    tokens_of,
)
from costsim.networks.zoo import Family

KERNELS = (3, 5, 7, 9)
PARTS = (2, 2, 3, 4)
"""Channel groups of a stage's attention block, all but the last convolved one after the other."""

FOURIER_FEATURES = 64


class Size(NamedTuple):
    """Channels and blocks of the four stages, heads of an attention."""

    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]
    heads: int


SIZES = {
    "xx_small": Size((24, 48, 88, 168), (2, 2, 6, 2), 4),
    "x_small": Size((32, 64, 100, 192), (3, 3, 9, 3), 4),
    "small": Size((48, 96, 160, 304), (3, 3, 9, 3), 8),
    "base": Size((80, 160, 288, 584), (3, 3, 9, 3), 8),
}


def edgenext(
    *,
    name: str = "edgenext_small",
    size: str = "small",
    input_shape: tuple[int, int, int, int] = (1, 3, 256, 256),
    classes: int = 1000,
) -> LayerGraph:
    """ConvNeXt's blocks, and at the end of a stage attention between channels instead of pixels.

    The Fourier features of positions depend on the map's size alone: they are a stored constant here, their
    projection is counted.
    """
    row = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    for stage, (width, depth) in enumerate(zip(row.widths, row.depths, strict=True), start=1):
        with net.block(f"stage{stage}"):
            with net.block("downsample"):
                if stage == 1:
                    x = map_norm(net, net.conv(x, width, 4, stride=4, padding=0, bias=True))
                else:
                    x = net.conv(map_norm(net, x), width, 2, stride=2, padding=0, bias=True)
            for number in range(1, depth + 1):
                with net.block(f"block{number}"):
                    if stage > 1 and number == depth:
                        x = _split_attention(net, x, PARTS[stage - 1], row.heads, positioned=stage == 2)
                    else:
                        y = net.conv(x, width, KERNELS[stage - 1], groups=width, bias=True)
                        x = net.add_tensors(x, _mixed(net, channels_last(net, y)))
    with net.block("classifier"):
        dense(net, layer_norm(net, net.flatten(net.global_pool(x))), classes)
    return net.graph


def _mixed(net: NetBuilder, x: Tensor) -> Tensor:
    """Norm, feed-forward and scale over a map whose channels are last; they are first again behind it."""
    width = x.shape[-1]
    return channels_first(net, scale(net, feed_forward(net, layer_norm(net, x), 4 * width), width))


def _split_attention(net: NetBuilder, x: Tensor, parts: int, heads: int, *, positioned: bool) -> Tensor:
    """Depthwise 3x3 convolutions, each of its part and what the part before gave, then attention over channels."""
    width = -(-x.c // parts)
    *convolved, last = net.split(x, *(width,) * (parts - 1), x.c - width * (parts - 1))
    outputs: list[Tensor] = []
    for part in convolved:
        y = net.add_tensors(outputs[-1], part) if outputs else part
        outputs.append(net.conv(y, width, 3, groups=width, bias=True))
    mixed = net.concat(*outputs, last)
    tokens = tokens_of(net, mixed)
    if positioned:
        features = net.add(L.Constant((1, FOURIER_FEATURES, x.h, x.w), trainable=False), name="fourier")
        tokens = net.add_tensors(tokens, tokens_of(net, net.conv(features, x.c, bias=True)))
    seen = cross_covariance(net, layer_norm(net, tokens), heads)
    tokens = net.add_tensors(tokens, scale(net, seen, x.c))
    return net.add_tensors(x, _mixed(net, net.add(L.Reshape((*x.shape[2:], x.c)), tokens)))


def cross_covariance(net: NetBuilder, tokens: Tensor, heads: int) -> Tensor:
    """Attention (arXiv 2106.09681) of every channel to every channel of its head, over normed queries and keys."""
    width = tokens.shape[-1]
    parts = heads_of(net, dense(net, tokens, 3 * width), heads, heads, heads, depth=width // heads)
    q, k, v = (net.add(L.Transpose((0, 1, 3, 2)), part) for part in parts)
    q, k = (net.add(L.Arithmetic("div"), y, _norm(net, y)) for y in (q, k))
    scores = net.add(L.MatMul(), q, net.add(L.Transpose((0, 1, 3, 2)), k))
    seen = net.add(L.MatMul(), net.add(L.Softmax(-1), scale(net, scores, heads)), v)
    return dense(net, net.add(L.Reshape((-1, width)), net.add(L.Transpose((0, 3, 1, 2)), seen)), width)


def _norm(net: NetBuilder, x: Tensor) -> Tensor:
    """Euclidean, over the last axis."""
    return net.act(net.add(L.Reduce((-1,), "sum"), net.act(x, "square")), "sqrt")


FAMILY = Family(edgenext, {f"edgenext_{size}": {"size": size} for size in SIZES})
