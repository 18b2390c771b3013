"""What YOLO detectors share: cross-stage partial blocks, pyramid pooling and the two-way feature pyramid."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from costsim.graph import NetBuilder, Tensor
from costsim.graph.layers import Dim


class YoloBuilder(NetBuilder):
    """Writes networks with one activation throughout."""

    def __init__(self, name: str, *, activation: str = "swish", notes: tuple[str, ...] = ()) -> None:
        super().__init__(name, notes=notes)
        self.activation = activation


Block = Callable[[YoloBuilder, Tensor], Tensor]
"""Adds layers behind a tensor; its output has the same shape, or half the map."""

Stage = Callable[[str, Tensor, Dim], Tensor]
"""A named run of blocks with the given output channels."""


def conv(
    net: YoloBuilder, x: Tensor, c_out: Dim, kernel: int = 1, stride: int = 1, *, depthwise: bool = False
) -> Tensor:
    """Convolution, batch norm, activation; a ``depthwise`` one is a depthwise and a pointwise convolution, each so."""
    if depthwise:
        x = net.depthwise_bn(x, kernel, net.activation, stride=stride)
        kernel = stride = 1
    return net.conv_bn(x, c_out, kernel, net.activation, stride=stride)


def bottleneck(c_mid: Dim, first_kernel: int = 3, *, shortcut: bool = True, depthwise: bool = False) -> Block:
    """Two convolutions, the second 3x3, and a shortcut around them."""

    def block(net: YoloBuilder, x: Tensor) -> Tensor:
        y = conv(net, conv(net, x, c_mid, first_kernel), x.c, 3, depthwise=depthwise)
        return net.add_tensors(x, y) if shortcut else y

    return block


def cross_stage_partial(net: YoloBuilder, x: Tensor, c_out: Dim, blocks: Sequence[Block]) -> Tensor:
    """The CSP layer of three convolutions: one half runs through the blocks, the other is only projected."""
    y, beside = conv(net, x, c_out // 2), conv(net, x, c_out // 2)
    for block in blocks:
        y = block(net, y)
    return conv(net, net.concat(y, beside), c_out)


def pyramid_pooling(net: YoloBuilder, x: Tensor, c_out: Dim, kernels: Sequence[int] = (), repeats: int = 3) -> Tensor:
    """Poolings of several sizes side by side (SPP), or without ``kernels`` 5x5 ones one after the other (SPPF)."""
    maps = [conv(net, x, x.c // 2)]
    if kernels:
        maps += [net.max_pool(maps[0], kernel, 1, padding=kernel // 2) for kernel in kernels]
    else:
        for _ in range(repeats):
            maps.append(net.max_pool(maps[-1], 5, 1, padding=2))
    return conv(net, net.concat(*maps), c_out)


def two_way_pyramid(
    net: YoloBuilder, maps: Sequence[Tensor], channels: Sequence[Dim], stage: Stage, down: Block, *, thin: bool = False
) -> list[Tensor]:
    """PANet (arXiv 1803.01534) with concatenation: coarse maps go up to fine ones, and down again.

    Args:
        net: the network being written.
        maps: the backbone's, fine to coarse.
        channels: of the outputs, fine to coarse.
        stage: what follows every concatenation.
        down: halves a map.
        thin: whether a map is projected to the next finer one's channels before it goes up (YOLOX).
    """
    x = maps[-1]
    sides: list[Tensor] = []
    for finer, c_out in zip(maps[-2::-1], channels[-2::-1], strict=True):
        label = f"up{len(sides) + 1}"
        with net.block(label):
            x = conv(net, x, c_out) if thin else x
            sides.append(x)
            joined = net.concat(net.upsample(x), finer)
        x = stage(label, joined, c_out)
    outputs = [x]
    for side, c_out in zip(reversed(sides), channels[1:], strict=True):
        label = f"down{len(outputs)}"
        with net.block(label):
            joined = net.concat(down(net, outputs[-1]), side)
        outputs.append(stage(label, joined, c_out))
    return outputs
