"""Swin Transformer (Liu et al. 2021, arXiv 2103.14030), Table 7 and Figure 4."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph import layers as L
from costsim.networks.common import published
from costsim.networks.transformer import channels_first, channels_last, dense, feed_forward, layer_norm, self_attention
from costsim.networks.zoo import Family

WINDOW = 7
HEAD_DEPTH = 32


class Size(NamedTuple):
    """Channels of the first stage, which every further one doubles, and blocks of each."""

    width: int
    depths: tuple[int, int, int, int]


SIZES = {
    "tiny": Size(96, (2, 2, 6, 2)),
    "small": Size(96, (2, 2, 18, 2)),
    "base": Size(128, (2, 2, 18, 2)),
    "large": Size(192, (2, 2, 18, 2)),
}


def swin(
    *,
    name: str = "swin_tiny",
    size: str = "tiny",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Attention inside windows of 7x7 pixels, which every second block shifts by half a window.

    Maps that windows do not tile are padded; a map smaller than a window is one window. The paper counts 4.5 G for
    the tiny network, all products of attention among them; counters that know only layers with weights print less.
    """
    width, depths = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("embedding"):
        x = layer_norm(net, channels_last(net, net.conv(x, width, 4, stride=4, padding=0, bias=True)))
    for stage, depth in enumerate(depths, start=1):
        with net.block(f"stage{stage}"):
            if stage > 1:
                with net.block("merging"):
                    x = _merged_patches(net, x)
            for number in range(depth):
                with net.block(f"block{number + 1}"):
                    x = net.add_tensors(x, _windowed_attention(net, layer_norm(net, x), shifted=number % 2 == 1))
                    x = net.add_tensors(x, feed_forward(net, layer_norm(net, x), 4 * x.shape[-1]))
    with net.block("classifier"):
        x = net.add(L.Reduce((1, 2), "mean", keepdims=False), layer_norm(net, x))
        dense(net, x, classes)
    return net.graph


def _merged_patches(net: NetBuilder, x: Tensor) -> Tensor:
    """Four neighbours side by side, normed and projected to twice the channels."""
    x = _padded(net, x, 2, 2)
    _, h, w, c = x.shape
    y = net.add(L.Reshape((h // 2, 2, w // 2, 2, c)), x)
    y = net.add(L.Reshape((h // 2, w // 2, 4 * c)), net.add(L.Transpose((0, 1, 3, 4, 2, 5)), y))
    return dense(net, layer_norm(net, y), 2 * c, bias=False)


def _windowed_attention(net: NetBuilder, x: Tensor, *, shifted: bool) -> Tensor:
    """Attention inside every window, with a learned bias for each pair of relative positions."""
    _, h, w, c = x.shape
    window = min(WINDOW, h), min(WINDOW, w)
    shift = tuple(side // 2 if shifted and length > side else 0 for side, length in zip(window, (h, w), strict=True))
    y = _padded(net, _rolled(net, x, shift), *window)
    rows, columns = y.shape[1] // window[0], y.shape[2] // window[1]
    y = net.add(L.Transpose((0, 1, 3, 2, 4, 5)), net.add(L.Reshape((rows, window[0], columns, window[1], c)), y))
    area = window[0] * window[1]
    y = net.add(L.Reshape((rows * columns, area, c)), y)
    y = self_attention(
        net, y, c // HEAD_DEPTH, scores_bias=_biases(net, c // HEAD_DEPTH, window, rows * columns, shift)
    )
    y = net.add(L.Transpose((0, 1, 3, 2, 4, 5)), net.add(L.Reshape((rows, columns, *window, c)), y))
    y = net.add(L.Reshape((rows * window[0], columns * window[1], c)), y)
    return _rolled(
        net, _cropped(net, y, h, w), tuple((length - s) % length for s, length in zip(shift, (h, w), strict=True))
    )


def _biases(net: NetBuilder, heads: int, window: tuple[int, int], windows: int, shift: tuple[int, ...]) -> list[Tensor]:
    """What is added to the scores: the table of relative positions, and where windows are shifted their mask."""
    area = window[0] * window[1]
    table = (2 * window[0] - 1) * (2 * window[1] - 1) * heads
    biases = [net.add(L.Constant((1, 1, heads, area, area), learned=table), name="positions")]
    if any(shift):
        biases.append(net.add(L.Constant((1, windows, 1, area, area), trainable=False), name="mask"))
    return biases


def _rolled(net: NetBuilder, x: Tensor, shift: tuple[int, ...]) -> Tensor:
    """The first rows and columns moved behind the last ones."""
    for axis, count in enumerate(shift, start=1):
        if count:
            first, rest = net.add(L.Slice(0, count, axis), x), net.add(L.Slice(count, None, axis), x)
            x = net.concat(rest, first, axis=axis)
    return x


def _padded(net: NetBuilder, x: Tensor, rows: int, columns: int) -> Tensor:
    """Zeros below and at the right, to whole windows."""
    below, beside = -x.shape[1] % rows, -x.shape[2] % columns
    if not below and not beside:
        return x
    return channels_last(net, net.add(L.Pad((0, below, 0, beside)), channels_first(net, x)))


def _cropped(net: NetBuilder, x: Tensor, h: int, w: int) -> Tensor:
    for axis, length in enumerate((h, w), start=1):
        if x.shape[axis] != length:
            x = net.add(L.Slice(0, length, axis), x)
    return x


FAMILY = Family(swin, {f"swin_{size}": {"size": size} for size in SIZES})
