"""MobileNetV4 (Qin et al. 2024, arXiv 2404.10518), Tables 11 to 15."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import MatMul, Reshape, ReshapeLike, Softmax, Transpose
from costsim.networks.common import make_divisible, published
from costsim.networks.transformer import scale, tokens_of
from costsim.networks.zoo import Family


class Conv(NamedTuple):
    """Convolution, batch norm, activation."""

    kernel: int
    c_out: int
    stride: int = 1


class Fused(NamedTuple):
    """A fused inverted bottleneck: the 3x3 expands, a 1x1 projects."""

    expansion: int
    c_out: int
    stride: int


class Uib(NamedTuple):
    """A universal inverted bottleneck: a depthwise convolution before the expansion, one behind it, both or none.

    A kernel of 0 stands for none. The paper's names: both are ExtraDW, the second alone is the inverted bottleneck,
    the first alone ConvNext, none FFN.
    """

    first: int
    second: int
    expansion: int
    c_out: int
    stride: int = 1


class Attention(NamedTuple):
    """Multi-query attention: all heads read one head of keys and values, over a map thinned by ``stride``."""

    heads: int
    depth: int
    stride: int = 1


Row: TypeAlias = Conv | Fused | Uib | Attention

SMALL: tuple[tuple[Row, ...], ...] = (
    (Conv(3, 32, 2), Conv(1, 32)),
    (Conv(3, 96, 2), Conv(1, 64)),
    (Uib(5, 5, 3, 96, 2), *(Uib(0, 3, 2, 96),) * 4, Uib(3, 0, 4, 96)),
    (
        Uib(3, 3, 6, 128, 2),
        Uib(5, 5, 4, 128),
        Uib(0, 5, 4, 128),
        Uib(0, 5, 3, 128),
        *(Uib(0, 3, 4, 128),) * 2,
    ),
)
MEDIUM: tuple[tuple[Row, ...], ...] = (
    (Fused(4, 48, 2),),
    (Uib(3, 5, 4, 80, 2), Uib(3, 3, 2, 80)),
    (
        Uib(3, 5, 6, 160, 2),
        *(Uib(3, 3, 4, 160),) * 2,
        Uib(3, 5, 4, 160),
        Uib(3, 3, 4, 160),
        Uib(3, 0, 4, 160),
        Uib(0, 0, 2, 160),
        Uib(3, 0, 4, 160),
    ),
    (
        Uib(5, 5, 6, 256, 2),
        Uib(5, 5, 4, 256),
        *(Uib(3, 5, 4, 256),) * 2,
        Uib(0, 0, 4, 256),
        Uib(3, 0, 4, 256),
        Uib(3, 5, 2, 256),
        Uib(5, 5, 4, 256),
        *(Uib(0, 0, 4, 256),) * 2,
        Uib(5, 0, 2, 256),
    ),
)
LARGE: tuple[tuple[Row, ...], ...] = (
    (Fused(4, 48, 2),),
    (Uib(3, 5, 4, 96, 2), Uib(3, 3, 4, 96)),
    (
        Uib(3, 5, 4, 192, 2),
        *(Uib(3, 3, 4, 192),) * 3,
        Uib(3, 5, 4, 192),
        *(Uib(5, 3, 4, 192),) * 5,
        Uib(3, 0, 4, 192),
    ),
    (
        Uib(5, 5, 4, 512, 2),
        *(Uib(5, 5, 4, 512),) * 3,
        Uib(5, 0, 4, 512),
        Uib(5, 3, 4, 512),
        *(Uib(5, 0, 4, 512),) * 2,
        Uib(5, 3, 4, 512),
        Uib(5, 5, 4, 512),
        *(Uib(5, 0, 4, 512),) * 3,
    ),
)
HYBRID_MEDIUM: tuple[tuple[Row, ...], ...] = (
    (Fused(4, 48, 2),),
    (Uib(3, 5, 4, 80, 2), Uib(3, 3, 2, 80)),
    (
        Uib(3, 5, 6, 160, 2),
        Uib(0, 0, 2, 160),
        Uib(3, 3, 4, 160),
        Uib(3, 5, 4, 160),
        Attention(4, 64, 2),
        Uib(3, 3, 4, 160),
        Attention(4, 64, 2),
        Uib(3, 0, 4, 160),
        Attention(4, 64, 2),
        Uib(3, 3, 4, 160),
        Attention(4, 64, 2),
        Uib(3, 0, 4, 160),
    ),
    (
        Uib(5, 5, 6, 256, 2),
        Uib(5, 5, 4, 256),
        *(Uib(3, 5, 4, 256),) * 2,
        Uib(0, 0, 2, 256),
        Uib(3, 5, 2, 256),
        Uib(0, 0, 2, 256),
        Uib(0, 0, 4, 256),
        Attention(4, 64),
        Uib(3, 0, 4, 256),
        Attention(4, 64),
        Uib(5, 5, 4, 256),
        *(Attention(4, 64), Uib(5, 0, 4, 256)) * 2,
    ),
)
HYBRID_LARGE: tuple[tuple[Row, ...], ...] = (
    (Fused(4, 48, 2),),
    (Uib(3, 5, 4, 96, 2), Uib(3, 3, 4, 96)),
    (
        Uib(3, 5, 4, 192, 2),
        *(Uib(3, 3, 4, 192),) * 3,
        Uib(3, 5, 4, 192),
        *(Uib(5, 3, 4, 192),) * 2,
        *(Attention(8, 48, 2), Uib(5, 3, 4, 192)) * 3,
        Attention(8, 48, 2),
        Uib(3, 0, 4, 192),
    ),
    (
        Uib(5, 5, 4, 512, 2),
        *(Uib(5, 5, 4, 512),) * 3,
        Uib(5, 0, 4, 512),
        Uib(5, 3, 4, 512),
        *(Uib(5, 0, 4, 512),) * 2,
        Uib(5, 3, 4, 512),
        Uib(5, 5, 4, 512),
        *(Attention(8, 64), Uib(5, 0, 4, 512)) * 4,
    ),
)

# stages, channels of the stem, activation, image
SIZES: dict[str, tuple[Any, int, str, int]] = {
    "conv_small": (SMALL, 32, "relu", 224),
    "conv_medium": (MEDIUM, 32, "relu", 256),
    "conv_large": (LARGE, 24, "relu", 384),
    "hybrid_medium": (HYBRID_MEDIUM, 32, "relu", 256),
    "hybrid_large": (HYBRID_LARGE, 24, "gelu", 384),
}


def mobilenet_v4(
    *,
    name: str = "mobilenet_v4_conv_small",
    size: str = "conv_small",
    input_shape: tuple[int, int, int, int] | None = None,
    classes: int = 1000,
) -> LayerGraph:
    """Universal inverted bottlenecks, in the hybrid sizes with multi-query attention and layer scales between them.

    The image is the paper's for each size: 224 pixels (small), 256 (medium), 384 (large).
    """
    stages, c_stem, act, side = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*(input_shape or (1, 3, side, side)))
    scaled = size.startswith("hybrid")
    with net.block("stem"):
        x = net.conv_bn(x, c_stem, 3, act, stride=2)
    for number, rows in enumerate(stages, start=1):
        for unit, row in enumerate(rows, start=1):
            with net.block(f"stage{number}"), net.block(f"unit{unit}"):
                x = _unit(net, x, row, act, scaled)
    with net.block("conv_last"):
        x = net.conv_bn(x, 960, 1, act)
    with net.block("classifier"):
        x = net.conv_bn(net.global_pool(x), 1280, 1, act)
        net.linear(net.dropout(x), classes)
    return net.graph


def _unit(net: NetBuilder, x: Tensor, row: Row, act: str, scaled: bool) -> Tensor:
    match row:
        case Conv(kernel, c_out, stride):
            return net.conv_bn(x, c_out, kernel, act, stride=stride)
        case Fused(expansion, c_out, stride):
            y = net.conv_bn(x, make_divisible(expansion * x.c), 3, act, stride=stride)
            return net.conv_bn(y, c_out, 1, act=None)
        case Uib(c_out=c_out, stride=stride):
            y = universal_bottleneck(net, x, row, act)
        case Attention(heads, depth, stride):
            y = multi_query_attention(net, net.bn(x), heads, depth, stride)
            c_out, stride = x.c, 1
    y = scale(net, y, c_out) if scaled else y
    return net.add_tensors(x, y) if stride == 1 and x.c == c_out else y


def universal_bottleneck(net: NetBuilder, x: Tensor, row: Uib, act: str) -> Tensor:
    """The stride is in the second depthwise convolution, where there is one."""
    y = x
    if row.first:
        y = net.depthwise_bn(y, row.first, act=None, stride=1 if row.second else row.stride)
    y = net.conv_bn(y, make_divisible(row.expansion * x.c), 1, act)
    if row.second:
        y = net.depthwise_bn(y, row.second, act, stride=row.stride)
    return net.conv_bn(y, row.c_out, 1, act=None)


def multi_query_attention(net: NetBuilder, x: Tensor, heads: int, depth: int, stride: int) -> Tensor:
    """Queries of every pixel, one head of keys and values of a map that a depthwise 3x3 has thinned."""
    projected = net.conv(x, heads * depth)
    queries = net.add(Transpose((0, 1, 3, 2)), net.add(Reshape((heads, depth, -1)), projected))
    thinned = [net.depthwise_bn(x, 3, act=None, stride=stride) if stride > 1 else x for _ in range(2)]
    keys, values = (net.conv(y, depth) for y in thinned)
    scores = net.multiply(net.add(MatMul(), queries, net.add(Reshape((1, depth, -1)), keys)))
    seen = net.add(MatMul(), net.add(Softmax(-1), scores), net.add(Reshape((1, -1, depth)), tokens_of(net, values)))
    return net.conv(net.add(ReshapeLike(), net.add(Transpose((0, 1, 3, 2)), seen), projected), x.c)


FAMILY = Family(mobilenet_v4, {f"mobilenet_v4_{size}": {"size": size} for size in SIZES})
