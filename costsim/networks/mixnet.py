"""MixNet (Tan and Le 2019, arXiv 1907.09595), Figure 6, as released (tensorflow/tpu, mnasnet/mixnet)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.common import make_divisible, published
from costsim.networks.zoo import Family


class Row(NamedTuple):
    """Units of one shape; kernels share the channels of a depthwise convolution evenly."""

    repeats: int
    kernels: tuple[int, ...]
    stride: int
    expansion: int
    c_out: int
    squeeze: float = 0
    """Channels of the squeeze-excite, a share of the unit's input's; with it, activations are swish."""
    up: int = 1
    """Groups that the expanding pointwise convolution runs as, one convolution each."""
    down: int = 1
    """Groups of the projecting one."""


SMALL = (
    Row(1, (3,), 1, 1, 16),
    Row(1, (3,), 2, 6, 24, 0, 2, 2),
    Row(1, (3,), 1, 3, 24, 0, 2, 2),
    Row(1, (3, 5, 7), 2, 6, 40, 0.5),
    Row(3, (3, 5), 1, 6, 40, 0.5, 2, 2),
    Row(1, (3, 5, 7), 2, 6, 80, 0.25, 1, 2),
    Row(2, (3, 5), 1, 6, 80, 0.25, 1, 2),
    Row(1, (3, 5, 7), 1, 6, 120, 0.5, 2, 2),
    Row(2, (3, 5, 7, 9), 1, 3, 120, 0.5, 2, 2),
    Row(1, (3, 5, 7, 9, 11), 2, 6, 200, 0.5),
    Row(2, (3, 5, 7, 9), 1, 6, 200, 0.5, 1, 2),
)
MEDIUM = (
    Row(1, (3,), 1, 1, 24),
    Row(1, (3, 5, 7), 2, 6, 32, 0, 2, 2),
    Row(1, (3,), 1, 3, 32, 0, 2, 2),
    Row(1, (3, 5, 7, 9), 2, 6, 40, 0.5),
    Row(3, (3, 5), 1, 6, 40, 0.5, 2, 2),
    Row(1, (3, 5, 7), 2, 6, 80, 0.25),
    Row(3, (3, 5, 7, 9), 1, 6, 80, 0.25, 2, 2),
    Row(1, (3,), 1, 6, 120, 0.5),
    Row(3, (3, 5, 7, 9), 1, 3, 120, 0.5, 2, 2),
    Row(1, (3, 5, 7, 9), 2, 6, 200, 0.5),
    Row(3, (3, 5, 7, 9), 1, 6, 200, 0.5, 1, 2),
)

# table, width, channels of the stem
SIZES = {"s": (SMALL, 1.0, 16), "m": (MEDIUM, 1.0, 24), "l": (MEDIUM, 1.3, 24)}


def mixnet(
    *,
    name: str = "mixnet_s",
    size: str = "s",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Inverted residuals whose depthwise convolution has several kernel sizes; L is M 1.3 times as wide."""
    rows, width, c_stem = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, make_divisible(c_stem * width), 3, stride=2)
    for stage, row in enumerate(rows, start=1):
        for unit in range(row.repeats):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                y = _branch(net, x, row, make_divisible(row.c_out * width), row.stride if unit == 0 else 1)
                x = net.add_tensors(x, y) if x.shape == y.shape else y
    with net.block("conv_last"):
        x = net.conv_bn(x, 1536, 1)
    net.classifier(x, classes)
    return net.graph


def _branch(net: NetBuilder, x: Tensor, row: Row, c_out: int, stride: int) -> Tensor:
    act = "swish" if row.squeeze else "relu"
    y = x
    if row.expansion > 1:
        y = net.act(net.bn(mixed_conv(net, x, row.expansion * x.c, (1,) * row.up)), act)
    y = net.act(net.bn(mixed_conv(net, y, y.c, row.kernels, stride, depthwise=True)), act)
    if row.squeeze:
        y = net.squeeze_excite(y, int(x.c * row.squeeze), act)
    return net.bn(mixed_conv(net, y, c_out, (1,) * row.down))


def mixed_conv(
    net: NetBuilder, x: Tensor, c_out: int, kernels: Sequence[int], stride: int = 1, *, depthwise: bool = False
) -> Tensor:
    """Equal shares of input and output channels for each kernel; the first has what is left over."""
    parts = net.split(x, *_shares(x.c, len(kernels))) if len(kernels) > 1 else (x,)
    outputs = [
        net.conv(part, share, kernel, stride=stride, groups=share if depthwise else 1)
        for part, share, kernel in zip(parts, _shares(c_out, len(kernels)), kernels, strict=True)
    ]
    return net.concat(*outputs) if len(outputs) > 1 else outputs[0]


def _shares(channels: int, count: int) -> list[int]:
    each = channels // count
    return [channels - each * (count - 1), *(each,) * (count - 1)]


FAMILY = Family(mixnet, {f"mixnet_{size}": {"size": size} for size in SIZES})
