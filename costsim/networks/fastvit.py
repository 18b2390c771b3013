"""FastViT (Vasu et al. 2023, arXiv 2303.14189), Table 2."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Arithmetic
from costsim.networks.common import published
from costsim.networks.rep_blocks import branched_conv, deployed
from costsim.networks.transformer import conv_feed_forward, map_of, scale, self_attention, tokens_of
from costsim.networks.zoo import Family

HEAD_DEPTH = 32


class Size(NamedTuple):
    """Channels of the first stage, which every further one doubles, blocks, expansion, attention in the last stage."""

    width: int
    depths: tuple[int, int, int, int]
    expansion: int
    attends: bool = False


SIZES = {
    "t8": Size(48, (2, 2, 4, 2), 3),
    "t12": Size(64, (2, 2, 6, 2), 3),
    "s12": Size(64, (2, 2, 6, 2), 4),
    "sa12": Size(64, (2, 2, 6, 2), 4, attends=True),
    "sa24": Size(64, (4, 4, 12, 4), 4, attends=True),
    "sa36": Size(64, (6, 6, 18, 6), 4, attends=True),
    "ma36": Size(76, (6, 6, 18, 6), 4, attends=True),
}


def fastvit(
    *,
    name: str = "fastvit_t8",
    size: str = "t8",
    training: bool = False,
    input_shape: tuple[int, int, int, int] = (1, 3, 256, 256),
    classes: int = 1000,
) -> LayerGraph:
    """Depthwise token mixers and convolutional feed-forward blocks, in the larger networks attention at the end.

    In ``training`` mixers, stem and downsampling are sums of branches.
    """
    row = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.act(branched_conv(net, x, row.width, stride=2), "gelu")
        x = net.act(branched_conv(net, x, x.c, stride=2, groups=x.c), "gelu")
        x = net.act(branched_conv(net, x, x.c, 1), "gelu")
    for stage, depth in enumerate(row.depths, start=1):
        attends = row.attends and stage == len(row.depths)
        with net.block(f"stage{stage}"):
            if stage > 1:
                x = _downsampled(net, x, 2 * x.c)
            if attends:
                with net.block("positions"):
                    x = net.add_tensors(net.conv(x, x.c, 7, groups=x.c, bias=True), x)
            for number in range(1, depth + 1):
                with net.block(f"block{number}"):
                    x = net.add_tensors(x, scale(net, _attention(net, x), x.c)) if attends else mixer(net, x)
                    x = net.add_tensors(x, scale(net, _feed_forward(net, x, row.expansion), x.c))
    with net.block("conv_last"):
        y = branched_conv(net, x, 2 * x.c, groups=x.c)
        x = net.act(net.squeeze_excite(y, y.c // 16), "gelu")
    net.classifier(x, classes)
    return deployed(net.graph, training)


def _downsampled(net: NetBuilder, x: Tensor, c_out: int) -> Tensor:
    """A strided 7x7 in groups of one input channel, beside a 3x3, and a pointwise convolution."""
    with net.block("downsample"):
        large = net.conv_bn(x, c_out, 7, act=None, stride=2, groups=x.c)
        y = net.add_tensors(large, net.conv_bn(x, c_out, 3, act=None, stride=2, groups=x.c))
        return net.act(branched_conv(net, y, c_out, 1), "gelu")


def mixer(net: NetBuilder, x: Tensor) -> Tensor:
    """RepMixer: a depthwise 3x3 less the norm of its input, scaled, on top of the input."""
    mixed = branched_conv(net, x, x.c, groups=x.c)
    return net.add_tensors(x, scale(net, net.add(Arithmetic("sub"), mixed, net.bn(x)), x.c))


def _attention(net: NetBuilder, x: Tensor) -> Tensor:
    tokens = tokens_of(net, net.bn(x))
    return map_of(net, self_attention(net, tokens, x.c // HEAD_DEPTH, qkv_bias=False), x)


def _feed_forward(net: NetBuilder, x: Tensor, expansion: int) -> Tensor:
    return conv_feed_forward(net, net.depthwise_bn(x, 7, act=None), expansion * x.c)


FAMILY = Family(
    fastvit,
    {f"fastvit_{size}": {"size": size} for size in SIZES}
    | {f"fastvit_{size}_training": {"size": size, "training": True} for size in SIZES},
)
