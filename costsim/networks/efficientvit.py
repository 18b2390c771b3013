"""EfficientViT of MIT (Cai et al. 2022, arXiv 2205.14756), Figures 5 and 6, as released (mit-han-lab/efficientvit)."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph import layers as L
from costsim.networks.common import published
from costsim.networks.transformer import dense, layer_norm
from costsim.networks.zoo import Family

ACT = "hard_swish"


class Size(NamedTuple):
    """Channels and blocks of the stem and the four stages, depth of an attention head, features of the head."""

    widths: tuple[int, int, int, int, int]
    depths: tuple[int, int, int, int, int]
    depth: int
    features: tuple[int, int]


SIZES = {
    "b0": Size((8, 16, 32, 64, 128), (1, 2, 2, 2, 2), 16, (1024, 1280)),
    "b1": Size((16, 32, 64, 128, 256), (1, 2, 3, 3, 4), 16, (1536, 1600)),
    "b2": Size((24, 48, 96, 192, 384), (1, 3, 4, 4, 6), 32, (2304, 2560)),
    "b3": Size((32, 64, 128, 256, 512), (1, 4, 6, 6, 9), 32, (2304, 2560)),
}


def efficientvit(
    *,
    name: str = "efficientvit_b0",
    size: str = "b0",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Inverted residuals, in the last two stages behind multi-scale attention whose cost is linear in the pixels.

    Not the EfficientViT of Microsoft (``efficientvit_m0`` ..., arXiv 2305.07027).
    """
    row = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, row.widths[0], 3, ACT, stride=2)
        for _ in range(row.depths[0]):
            x = net.add_tensors(net.conv_bn(net.depthwise_bn(x, 3, ACT), x.c, 1, act=None), x)
    for stage, (c_out, depth) in enumerate(zip(row.widths[1:], row.depths[1:], strict=True), start=1):
        attends = stage > 2
        with net.block(f"stage{stage}"):
            with net.block("downsample"):
                x = inverted_residual(net, x, c_out, stride=2, normed=not attends)
            for number in range(1, depth + attends):
                with net.block(f"block{number}"):
                    if attends:
                        x = net.add_tensors(linear_attention(net, x, row.depth), x)
                    x = net.add_tensors(inverted_residual(net, x, c_out, normed=not attends), x)
    with net.block("classifier"):
        y = net.flatten(net.global_pool(net.conv_bn(x, row.features[0], 1, ACT)))
        y = net.act(layer_norm(net, dense(net, y, row.features[1], bias=False)), ACT)
        dense(net, net.dropout(y), classes)
    return net.graph


def inverted_residual(net: NetBuilder, x: Tensor, c_out: int, *, stride: int = 1, normed: bool = True) -> Tensor:
    """Four times as wide inside; beside attention only the projection has a norm, the others a bias."""
    y = x
    for kernel, step, groups in ((1, 1, 1), (3, stride, 4 * x.c)):
        y = net.conv(y, 4 * x.c, kernel, stride=step, groups=groups, bias=not normed)
        y = net.act(net.bn(y) if normed else y, ACT)
    return net.conv_bn(y, c_out, 1, act=None)


def linear_attention(net: NetBuilder, x: Tensor, depth: int) -> Tensor:
    """ReLU(q) (ReLU(k)^T v) over the same with a column of ones for v: keys meet values before queries do.

    Queries, keys and values come twice: as projected, and summed up over 5x5 pixels.
    """
    mixed = net.conv(x, 3 * x.c)
    around = net.conv(mixed, mixed.c, 5, groups=mixed.c)
    around = net.conv(around, mixed.c, groups=mixed.c // depth)
    every = net.add(L.Reshape((-1, 3 * depth, x.h * x.w)), net.concat(mixed, around))
    every = net.add(L.Transpose((0, 1, 3, 2)), every)
    q, k, v = (net.add(L.Slice(part * depth, (part + 1) * depth, 3), every) for part in range(3))
    q, k = net.act(q), net.add(L.Transpose((0, 1, 3, 2)), net.act(k))
    ones = net.add(L.Pad((0, 0, 0, 1)), v)
    seen = net.add(L.MatMul(), q, net.add(L.MatMul(), k, ones))
    values, weight = (net.add(L.Slice(*ends, 3), seen) for ends in ((0, depth), (depth, depth + 1)))
    y = net.add(L.Arithmetic("div"), values, net.add(L.Add(), weight))
    y = net.add(L.Reshape((2 * x.c, *x.shape[2:])), net.add(L.Transpose((0, 1, 3, 2)), y))
    return net.conv_bn(y, x.c, 1, act=None)


FAMILY = Family(efficientvit, {f"efficientvit_{size}": {"size": size} for size in SIZES})
