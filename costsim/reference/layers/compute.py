"""Convolutions, fully connected layers and matrix products in torch."""

from __future__ import annotations

import torch
from torch import nn

from costsim.graph import layers as L
from costsim.graph.layers import Shape
from costsim.graph.layers.base import pair
from costsim.reference.layers.function import Builder, Function, padding_op


def conv(layer: L.Conv2d, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    """Torch pads both ends of an axis equally; any other padding becomes an op of its own."""
    top, bottom, left, right = layer.padding
    native = top == bottom >= 0 and left == right >= 0
    module = nn.Conv2d(
        inputs[0][1],
        layer.out_channels,
        layer.kernel,
        layer.stride,
        padding=(top, left) if native else 0,
        dilation=layer.dilation,
        groups=layer.groups,
        bias=layer.bias,
    ).requires_grad_(not layer.shared)
    return module if native else nn.Sequential(padding_op(layer.padding), module)


def conv_transpose(layer: L.ConvTranspose2d, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    """Padding crops the output here; what torch cannot crop equally at both ends is cropped behind it."""
    top, bottom, left, right = layer.padding
    native = top == bottom >= 0 and left == right >= 0
    module = nn.ConvTranspose2d(
        inputs[0][1],
        layer.out_channels,
        layer.kernel,
        layer.stride,
        padding=(top, left) if native else 0,
        output_padding=pair(layer.output_padding),
        groups=layer.groups,
        bias=layer.bias,
        dilation=layer.dilation,
    ).requires_grad_(not layer.shared)
    return module if native else nn.Sequential(module, padding_op((-top, -bottom, -left, -right)))


def linear(layer: L.Linear, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.Linear(inputs[0][-1], layer.out_features, bias=layer.bias)


def matmul(layer: L.MatMul, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return Function(torch.matmul, "matmul")


class Sequence(nn.Module):
    """A recurrent module that answers with the hidden state of every step alone."""

    def __init__(self, module: nn.RNNBase) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = self.module(x)[0]
        return states


def recurrent(layer: L.Recurrent, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    kind = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[layer.cell]
    options: dict[str, bool] = {"batch_first": not layer.time_first, "bidirectional": layer.bidirectional}
    projection = {"proj_size": layer.projection} if layer.projection else {}
    return Sequence(kind(inputs[0][2], layer.hidden, bias=layer.bias, **options, **projection))


BUILDERS: dict[type[L.Layer], Builder] = {
    L.Conv2d: conv,
    L.ConvTranspose2d: conv_transpose,
    L.Linear: linear,
    L.MatMul: matmul,
    L.Recurrent: recurrent,
}
