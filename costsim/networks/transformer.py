"""What vision transformers share: maps as tokens, attention, feed-forward blocks, norms and learned scales.

Maps are ``(n, c, h, w)``, tokens ``(n, count, width)``, heads ``(n, heads, count, depth)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from costsim.graph import NetBuilder, Tensor
from costsim.graph import layers as L
from costsim.graph.layers import Dim


def tokens_of(net: NetBuilder, x: Tensor) -> Tensor:
    """Every pixel of a map as a token."""
    return net.add(L.Transpose((0, 2, 1)), net.add(L.Reshape((x.c, -1)), x))


def map_of(net: NetBuilder, tokens: Tensor, like: Tensor) -> Tensor:
    """The tokens as a map with the shape of ``like``."""
    return net.add(L.ReshapeLike(), net.add(L.Transpose((0, 2, 1)), tokens), like)


def dense(net: NetBuilder, x: Tensor, features: Dim, bias: bool = True) -> Tensor:
    """Fully connected over the last dimension."""
    return net.add(L.Linear(features, bias), x)


def layer_norm(net: NetBuilder, x: Tensor) -> Tensor:
    """Over the last dimension."""
    return net.add(L.LayerNorm(), x)


def channels_last(net: NetBuilder, x: Tensor) -> Tensor:
    return net.add(L.Transpose((0, 2, 3, 1)), x)


def channels_first(net: NetBuilder, x: Tensor) -> Tensor:
    return net.add(L.Transpose((0, 3, 1, 2)), x)


def map_norm(net: NetBuilder, x: Tensor) -> Tensor:
    """Layer norm over the channels of every pixel of a map."""
    return channels_first(net, layer_norm(net, channels_last(net, x)))


def scale(net: NetBuilder, x: Tensor, elems: Dim) -> Tensor:
    """A learned factor a channel (layer scale, arXiv 2103.17239)."""
    return net.add(L.Multiply(const_elems=elems), x)


def heads_of(net: NetBuilder, tokens: Tensor, *counts: int, depth: Dim) -> list[Tensor]:
    """Tokens that hold several groups of heads side by side, such as queries, keys and values, as those groups.

    Dimensions between the first and the tokens (windows, patches) stay where they are.
    """
    lead = tokens.shape[1:-2]
    axis = 1 + len(lead)
    apart = net.add(L.Reshape((*lead, -1, sum(counts), depth)), tokens)
    apart = net.add(L.Transpose((*range(axis), axis + 1, axis, axis + 2)), apart)
    ends = np.cumsum((0, *counts)).tolist()
    return [net.add(L.Slice(*part, axis), apart) for part in pairwise(ends)]


def merged(net: NetBuilder, heads: Tensor) -> Tensor:
    """Heads side by side again, as tokens."""
    *lead, count, _, depth = heads.shape[1:]
    axis = 1 + len(lead)
    turned = net.add(L.Transpose((*range(axis), axis + 1, axis, axis + 2)), heads)
    return net.add(L.Reshape((*lead, -1, count * depth)), turned)


def attend(net: NetBuilder, q: Tensor, k: Tensor, v: Tensor, biases: Sequence[Tensor] = ()) -> Tensor:
    """softmax(q k^T / sqrt(depth) + biases) v, every query to every key of its head (arXiv 1706.03762)."""
    turned = net.add(L.Transpose((*range(len(k.shape) - 2), len(k.shape) - 1, len(k.shape) - 2)), k)
    scores = net.multiply(net.add(L.MatMul(), q, turned))
    for bias in biases:
        scores = net.add_tensors(scores, bias)
    return net.add(L.MatMul(), net.add(L.Softmax(-1), scores), v)


def self_attention(
    net: NetBuilder, tokens: Tensor, heads: int, *, qkv_bias: bool = True, scores_bias: Sequence[Tensor] = ()
) -> Tensor:
    """Queries, keys and values by one fully connected layer, heads of equal depth, a projection."""
    width = tokens.shape[-1]
    mixed = dense(net, tokens, 3 * width, qkv_bias)
    q, k, v = heads_of(net, mixed, heads, heads, heads, depth=width // heads)
    return dense(net, merged(net, attend(net, q, k, v, scores_bias)), width)


def feed_forward(net: NetBuilder, x: Tensor, c_mid: Dim, act: str = "gelu", c_out: Dim | None = None) -> Tensor:
    """Two fully connected layers over the last dimension."""
    width = x.shape[-1] if c_out is None else c_out
    return dense(net, net.act(dense(net, x, c_mid), act), width)


def conv_feed_forward(net: NetBuilder, x: Tensor, c_mid: Dim, act: str = "gelu") -> Tensor:
    """The same over a map, as 1x1 convolutions."""
    return net.conv(net.act(net.conv(x, c_mid, bias=True), act), x.c, bias=True)


def encoder_block(net: NetBuilder, tokens: Tensor, heads: int, ratio: Any = 4) -> Tensor:
    """Attention and feed-forward, each behind a norm and inside a shortcut (pre-norm)."""
    tokens = net.add_tensors(tokens, self_attention(net, layer_norm(net, tokens), heads))
    c_mid = int(tokens.shape[-1] * ratio)
    return net.add_tensors(tokens, feed_forward(net, layer_norm(net, tokens), c_mid))
