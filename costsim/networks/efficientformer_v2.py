"""EfficientFormerV2 (Li et al. 2022, arXiv 2212.08059), Figure 2 and the released networks."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph import layers as L
from costsim.networks.common import published
from costsim.networks.transformer import dense, scale
from costsim.networks.zoo import Family

HEADS = 8
KEY_DEPTH = 32
DOWNSAMPLING_KEY_DEPTH = 16
VALUES_PER_KEY = 4


class Size(NamedTuple):
    """Channels and expansions of the blocks of the four stages; the last ``attending`` of the last two attend."""

    widths: tuple[int, int, int, int]
    expansions: tuple[tuple[int, ...], ...]
    attending: int


SIZES = {
    "s0": Size((32, 48, 96, 176), ((4,) * 2, (4,) * 2, (4, 3, 3, 3, 4, 4), (4, 3, 3, 4)), 2),
    "s1": Size((32, 48, 120, 224), ((4,) * 3, (4,) * 3, (4, 4, 3, 3, 3, 3, 4, 4, 4), (4, 4, 3, 3, 4, 4)), 2),
    "s2": Size((32, 64, 144, 288), ((4,) * 4, (4,) * 4, (4, 4, *(3,) * 6, *(4,) * 4), (4, 4, *(3,) * 4, 4, 4)), 4),
    "l": Size(
        (40, 80, 192, 384),
        ((4,) * 5, (4,) * 5, (*(4,) * 4, *(3,) * 7, *(4,) * 4), (*(4,) * 3, *(3,) * 4, *(4,) * 3)),
        6,
    ),
}  # fmt: skip


def efficientformer_v2(
    *,
    name: str = "efficientformer_v2_s0",
    size: str = "s0",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Inverted residuals with a depthwise 3x3 inside, and attention over maps at strides 16 and 32.

    Attention at stride 16 runs on a map thinned to stride 32 and enlarged again.
    """
    row = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, row.widths[0] // 2, 3, "gelu", stride=2, bias=True)
        x = net.conv_bn(x, row.widths[0], 3, "gelu", stride=2, bias=True)
    for stage, (width, expansions) in enumerate(zip(row.widths, row.expansions, strict=True), start=1):
        with net.block(f"stage{stage}"):
            if stage > 1:
                with net.block("downsample"):
                    x = _downsampled(net, x, width, attends=stage == len(row.widths))
            for number, expansion in enumerate(expansions):
                with net.block(f"block{number + 1}"):
                    if stage > 2 and number >= len(expansions) - row.attending:
                        x = net.add_tensors(x, scale(net, _attention(net, x, 2 if stage == 3 else 1), width))
                    x = net.add_tensors(x, scale(net, _feed_forward(net, x, expansion * width), width))
    with net.block("classifier"):
        y = net.flatten(net.global_pool(net.bn(x)))
        net.multiply(net.add_tensors(*(dense(net, y, classes) for _ in range(2))))
    return net.graph


def _feed_forward(net: NetBuilder, x: Tensor, c_mid: int) -> Tensor:
    y = net.conv_bn(x, c_mid, 1, "gelu", bias=True)
    return net.conv_bn(net.depthwise_bn(y, 3, "gelu", bias=True), x.c, 1, act=None, bias=True)


def _downsampled(net: NetBuilder, x: Tensor, c_out: int, *, attends: bool) -> Tensor:
    """A strided 3x3, in the last stage beside attention whose queries are a thinned map's."""
    y = net.conv_bn(x, c_out, 3, act=None, stride=2, bias=True)
    if not attends:
        return y
    thinned = net.conv(x, x.c, 3, stride=2, groups=x.c, bias=True)
    queries = net.add_tensors(thinned, net.avg_pool(x, 1, 2))
    return net.add_tensors(_attended(net, queries, x, c_out, DOWNSAMPLING_KEY_DEPTH, talking=False), y)


def _attention(net: NetBuilder, x: Tensor, stride: int) -> Tensor:
    y = net.depthwise_bn(x, 3, act=None, stride=stride, bias=True) if stride > 1 else x
    return _attended(net, y, y, x.c, KEY_DEPTH, talking=True, enlarged=stride)


def _attended(
    net: NetBuilder, x: Tensor, like: Tensor, c_out: int, depth: int, *, talking: bool, enlarged: int = 1
) -> Tensor:
    """Queries of ``x`` to keys and values of ``like``, with a learned bias a pair of positions and head.

    ``talking`` heads (arXiv 2003.02436) mix their scores before and behind the softmax. A depthwise convolution of
    the values is added.
    """
    q, k = (net.conv_bn(y, HEADS * depth, 1, act=None, bias=True) for y in (x, like))
    v = net.conv_bn(like, HEADS * VALUES_PER_KEY * depth, 1, act=None, bias=True)
    local = net.depthwise_bn(v, 3, act=None, stride=like.h // x.h, bias=True)
    q, k, v = (net.add(L.Reshape((HEADS, -1, y.h * y.w)), y) for y in (q, k, v))
    scores = net.multiply(net.add(L.MatMul(), net.add(L.Transpose((0, 1, 3, 2)), q), k))
    table = L.Constant((1, *scores.shape[1:]), learned=HEADS * like.h * like.w)
    scores = net.add_tensors(scores, net.add(table, name="positions"))
    scores = net.conv(scores, HEADS, bias=True) if talking else scores
    weights = net.add(L.Softmax(-1), scores)
    weights = net.conv(weights, HEADS, bias=True) if talking else weights
    seen = net.add(L.MatMul(), weights, net.add(L.Transpose((0, 1, 3, 2)), v))
    y = net.add_tensors(net.add(L.ReshapeLike(), net.add(L.Transpose((0, 1, 3, 2)), seen), local), local)
    y = net.upsample(y, enlarged, "bilinear") if enlarged > 1 else y
    return net.conv_bn(net.act(y, "gelu"), c_out, 1, act=None, bias=True)


FAMILY = Family(efficientformer_v2, {f"efficientformer_v2_{size}": {"size": size} for size in SIZES})
