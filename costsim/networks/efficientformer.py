"""EfficientFormer (Li et al. 2022, arXiv 2206.01191), Table 10."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Constant, Reduce
from costsim.networks.common import published
from costsim.networks.poolformer import pooled
from costsim.networks.transformer import attend, dense, feed_forward, heads_of, layer_norm, merged, scale, tokens_of
from costsim.networks.zoo import Family

HEADS = 8
KEY_DEPTH = 32
VALUE_DEPTH = 4 * KEY_DEPTH


class Size(NamedTuple):
    """Channels and blocks of the four stages; the last ``attending`` blocks have attention."""

    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]
    attending: int


SIZES = {
    "l1": Size((48, 96, 224, 448), (3, 2, 6, 4), 1),
    "l3": Size((64, 128, 320, 512), (4, 4, 12, 6), 4),
    "l7": Size((96, 192, 384, 768), (6, 6, 18, 8), 8),
}


def efficientformer(
    *,
    name: str = "efficientformer_l1",
    size: str = "l1",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Pooling blocks over maps, then attention over tokens; two classifiers whose mean is the output."""
    row = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, row.widths[0] // 2, 3, stride=2, bias=True)
        x = net.conv_bn(x, row.widths[0], 3, stride=2, bias=True)
    table = 0
    for stage, (width, depth) in enumerate(zip(row.widths, row.depths, strict=True), start=1):
        with net.block(f"stage{stage}"):
            if stage > 1:
                with net.block("downsample"):
                    x = net.conv_bn(x, width, 3, act=None, stride=2, bias=True)
            for number in range(depth):
                with net.block(f"block{number + 1}"):
                    if stage < len(row.depths) or number < depth - row.attending:
                        x = _pooling_block(net, x)
                        continue
                    if len(x.shape) > 3:
                        table = x.h * x.w
                        x = tokens_of(net, x)
                    x = _attention_block(net, x, table)
    with net.block("classifier"):
        x = net.add(Reduce((1,), "mean", keepdims=False), layer_norm(net, x))
        net.multiply(net.add_tensors(*(dense(net, x, classes) for _ in range(2))))
    return net.graph


def _pooling_block(net: NetBuilder, x: Tensor) -> Tensor:
    x = net.add_tensors(x, scale(net, pooled(net, x), x.c))
    y = net.conv_bn(net.conv_bn(x, 4 * x.c, 1, "gelu", bias=True), x.c, 1, act=None, bias=True)
    return net.add_tensors(x, scale(net, y, x.c))


def _attention_block(net: NetBuilder, tokens: Tensor, table: int) -> Tensor:
    """``table``: relative positions that the scores have a learned bias for, one a head."""
    width = tokens.shape[-1]
    y = scale(net, _attention(net, layer_norm(net, tokens), table), width)
    tokens = net.add_tensors(tokens, y)
    return net.add_tensors(tokens, scale(net, feed_forward(net, layer_norm(net, tokens), 4 * width), width))


def _attention(net: NetBuilder, tokens: Tensor, table: int) -> Tensor:
    """Values four times as deep as keys."""
    count, width = tokens.shape[1:]
    mixed = dense(net, tokens, HEADS * (2 * KEY_DEPTH + VALUE_DEPTH))
    parts = heads_of(net, mixed, *(HEADS,) * (2 + VALUE_DEPTH // KEY_DEPTH), depth=KEY_DEPTH)
    q, k, v = parts[0], parts[1], net.concat(*parts[2:], axis=3)
    positions = net.add(Constant((1, HEADS, count, count), learned=HEADS * table), name="positions")
    return dense(net, merged(net, attend(net, q, k, v, [positions])), width)


FAMILY = Family(efficientformer, {f"efficientformer_{size}": {"size": size} for size in SIZES})
