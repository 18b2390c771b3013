"""Copies, views and rearrangements in torch."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from costsim.errors import InputError
from costsim.graph import layers as L
from costsim.graph.layers import Shape
from costsim.graph.layers.base import pair
from costsim.reference.layers.function import Builder, Function, padding_op


def concat(layer: L.Concat, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return Function(lambda *tensors: torch.cat(tensors, dim=layer.axis), f"concat axis={layer.axis}")


def slice_(layer: L.Slice, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    """A view, as torch users write it."""
    index = (slice(None),) * (layer.axis % len(inputs[0])) + (slice(layer.start, layer.stop, layer.step),)
    return Function(lambda x: x[index], f"slice {layer.start}:{layer.stop}:{layer.step} axis={layer.axis}")


class ChannelShuffle(nn.Module):
    """The shuffle as its paper writes it: reshape, transpose, reshape, which every exporter takes.

    A tensor laid out as it was asked for is read and written once, as torch's own op does.
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        n, c = x.shape[:2]
        split = x.reshape(n, self.groups, c // self.groups, *x.shape[2:])
        return split.transpose(1, 2).reshape(x.shape)


def channel_shuffle(layer: L.ChannelShuffle, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return ChannelShuffle(layer.groups)


def flatten(layer: L.Flatten, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.Flatten(layer.start)


def reshape(layer: L.Reshape, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return Function(lambda x: x.reshape(output), f"reshape {output}")


def reshape_like(layer: L.ReshapeLike, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return Function(lambda x, like: x.reshape(like.shape), "reshape like")


def transpose(layer: L.Transpose, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return Function(lambda x: x.permute(layer.axes), f"transpose {layer.axes}")


def pad(layer: L.Pad, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return padding_op(layer.sides_of(inputs[0]), channels=layer.channels)


def depth_to_space(layer: L.DepthToSpace, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.PixelShuffle(layer.block)


def space_to_depth(layer: L.SpaceToDepth, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.PixelUnshuffle(layer.block)


def upsample(layer: L.Upsample, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    if layer.size is not None:
        return nn.Upsample(size=tuple(layer.size), mode=layer.mode)
    return nn.Upsample(scale_factor=pair(layer.scale), mode=layer.mode)


class Constant(nn.Module):
    """A stored tensor, which reads nothing; without its history, as at inference, so that views of it are no leaves."""

    def __init__(self, shape: Shape, trainable: bool) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.randn(shape), requires_grad=trainable)

    def forward(self) -> Tensor:
        return self.value.detach()


class Table(nn.Module):
    """A stored tensor whose values are looked up in a table of other length, as biases by relative position are.

    They are looked up once, as at inference.
    """

    def __init__(self, shape: Shape, learned: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(learned))
        self.register_buffer("value", self.table.detach()[_spread(prod(shape), learned)].reshape(shape))

    def forward(self) -> Any:
        return self.value


class IndexSelect(nn.Module):
    """Gathers along one axis by ``index``."""

    index: Tensor

    def __init__(self, index: Tensor, axis: int) -> None:
        super().__init__()
        self.axis = axis
        self.register_buffer("index", index)

    def forward(self, x: Tensor) -> Tensor:
        return torch.index_select(x, self.axis, self.index)


class ScatterAdd(nn.Module):
    """Adds input channel ``i`` into output channel ``index[i]``."""

    index: Tensor

    def __init__(self, index: Tensor, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.register_buffer("index", index)

    def forward(self, x: Tensor) -> Tensor:
        zeros = x.new_zeros(x.shape[0], self.channels, *x.shape[2:])
        return torch.index_add(zeros, 1, self.index, x)


class ScatterMatMul(nn.Module):
    """The sum ``ScatterAdd`` makes, as a product with a matrix of zeros and ones."""

    matrix: Tensor

    def __init__(self, index: Tensor, channels: int) -> None:
        super().__init__()
        self.register_buffer("matrix", nn.functional.one_hot(index, channels).float())

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(x.movedim(1, -1), self.matrix).movedim(-1, 1)


def constant(layer: L.Constant, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    if layer.learned in (None, 0) or layer.learned == prod(layer.shape):
        return Constant(layer.shape, layer.trainable and layer.learned != 0)
    return Table(layer.shape, layer.learned)


def index_select(layer: L.IndexSelect, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return IndexSelect(_spread(layer.count, inputs[0][layer.axis]), layer.axis)


def scatter_add(layer: L.ScatterAdd, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    index = _spread(inputs[0][1], layer.channels)
    return ScatterMatMul(index, layer.channels) if layer.as_matmul else ScatterAdd(index, layer.channels)


def _spread(count: int, targets: int) -> Tensor:
    """``count`` indices into ``targets``: the layers say how many, not which.

    Random permutations of all targets one after another, so every target is met before any is
    met again; drawn from the ambient seed, like the weights.
    """
    permutations = [torch.randperm(targets) for _ in range(-(-count // targets))]
    return torch.cat(permutations)[:count]


def unknown(layer: L.Unknown, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    """Never built: nobody knows what it computes."""
    raise InputError(
        f"'{layer.type_name}' is an op costsim does not know, so it cannot be executed",
        mend="rewrite it with known ops, or leave the companion out",
    )


BUILDERS: dict[type[L.Layer], Builder] = {
    L.Input: lambda layer, inputs, output: nn.Identity(),
    L.Constant: constant,
    L.Concat: concat,
    L.Slice: slice_,
    L.ChannelShuffle: channel_shuffle,
    L.Flatten: flatten,
    L.Reshape: reshape,
    L.ReshapeLike: reshape_like,
    L.Transpose: transpose,
    L.Pad: pad,
    L.DepthToSpace: depth_to_space,
    L.SpaceToDepth: space_to_depth,
    L.Upsample: upsample,
    L.IndexSelect: index_select,
    L.ScatterAdd: scatter_add,
    L.Unknown: unknown,
}
