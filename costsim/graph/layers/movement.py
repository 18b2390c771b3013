"""Layers that pick, join and repeat elements: free on some runtimes, a copy on others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from costsim.graph.layers.base import (
    Copy,
    Dim,
    Layer,
    LoopNest,
    Requirement,
    Shape,
    as_map,
    divides,
    pair,
    sides,
    size,
    vector_nest,
)
from costsim.tables.optable import MAC


class _Strideable(Copy):
    """A copy that its neighbours can do away with: they write or read with a stride instead."""

    word: ClassVar[str]
    strided: bool

    @property
    def op(self) -> str:  # type: ignore[override]
        return "identity" if self.strided else self.word


@dataclass(frozen=True)
class Concat(_Strideable):
    """Joins tensors along one axis."""

    word: ClassVar[str] = "concat"
    arity: ClassVar[int | None] = None
    axis: int = 1
    strided: bool = False

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        first = inputs[0]
        yield (
            -len(first) <= self.axis < len(first),
            lambda: f"axis {self.axis} of a tensor with {len(first)} dimensions",
        )
        yield all(len(s) == len(first) for s in inputs), "inputs have different numbers of dimensions"
        for shape in inputs[1:]:
            for axis, (a, b) in enumerate(zip(first, shape, strict=True)):
                if axis != self.axis % len(first):
                    yield a == b, partial("cannot join {} and {} along axis {}".format, first, shape, self.axis)

    def output_shape(self, *inputs: Shape) -> Shape:
        axis = self.axis % len(inputs[0])
        return tuple(sum(s[i] for s in inputs) if i == axis else d for i, d in enumerate(inputs[0]))


@dataclass(frozen=True)
class Slice(_Strideable):
    """Every ``step``-th element from ``start`` to ``stop`` along one axis; a split is one slice per part.

    Without ``stop`` it goes to the end, whatever size the network runs at.
    """

    word: ClassVar[str] = "slice"
    start: Dim
    stop: Dim | None
    axis: int = 1
    step: int = 1
    strided: bool = False

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        rank = len(inputs[0])
        yield -rank <= self.axis < rank, lambda: f"axis {self.axis} of a tensor with {rank} dimensions"
        yield self.step > 0, lambda: f"step {self.step}"
        length = inputs[0][self.axis]
        stop = length if self.stop is None else self.stop
        inside = (self.start >= 0) & (self.start < stop) & (stop <= length)
        yield inside, lambda: f"slice {self.start}:{stop} of {length} elements"

    def output_shape(self, *inputs: Shape) -> Shape:
        axis = self.axis % len(inputs[0])
        stop = inputs[0][axis] if self.stop is None else self.stop
        length = (stop - self.start + self.step - 1) // self.step
        return tuple(length if i == axis else d for i, d in enumerate(inputs[0]))


@dataclass(frozen=True)
class ChannelShuffle(_Strideable):
    """Interleaves the channels of ``groups`` groups."""

    word: ClassVar[str] = "channel_shuffle"
    groups: Dim
    strided: bool = False

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield (
            divides(self.groups, inputs[0][1]),
            lambda: f"{inputs[0][1]} channels are not divisible by {self.groups} groups",
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


@dataclass(frozen=True)
class DepthToSpace(Copy):
    """Pixel shuffle: each ``block * block`` channels become one channel of a larger map."""

    op: ClassVar[str] = "depth_to_space"
    block: Dim

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield len(inputs[0]) == 4, lambda: f"needs a map (n, c, h, w), got {len(inputs[0])} dimensions"
        yield (
            divides(self.block**2, inputs[0][1]),
            lambda: f"{inputs[0][1]} channels are not divisible by {self.block} squared",
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        n, c, h, w = inputs[0]
        return n, c // self.block**2, h * self.block, w * self.block


@dataclass(frozen=True)
class SpaceToDepth(Copy):
    """The inverse of ``DepthToSpace``: each ``block x block`` patch becomes channels."""

    op: ClassVar[str] = "space_to_depth"
    block: Dim

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield len(inputs[0]) == 4, lambda: f"needs a map (n, c, h, w), got {len(inputs[0])} dimensions"
        _, _, h, w = inputs[0]
        fits = divides(self.block, h) & divides(self.block, w)
        yield fits, lambda: f"a map of {h}x{w} is not divisible by blocks of {self.block}"

    def output_shape(self, *inputs: Shape) -> Shape:
        n, c, h, w = inputs[0]
        return n, c * self.block**2, h // self.block, w // self.block


@dataclass(frozen=True)
class Pad(Copy):
    """Zeros around the map: (top, bottom, left, right), and before and behind its channels.

    Negative padding crops. ``multiple`` adds what is then missing to a multiple, below and at the right.
    """

    op: ClassVar[str] = "pad"
    padding: Any
    channels: tuple[Dim, Dim] = (0, 0)
    multiple: Dim = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "padding", sides(self.padding))

    def sides_of(self, shape: Shape) -> tuple[Dim, Dim, Dim, Dim]:
        """What it adds to a map of this shape: (top, bottom, left, right)."""
        top, bottom, left, right = self.padding
        below = -(shape[2] + top + bottom) % self.multiple
        beside = -(shape[3] + left + right) % self.multiple
        return top, bottom + below, left, right + beside

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield len(inputs[0]) == 4, lambda: f"needs a map (n, c, h, w), got {len(inputs[0])} dimensions"

    def output_shape(self, *inputs: Shape) -> Shape:
        n, c, h, w = inputs[0]
        top, bottom, left, right = self.sides_of(inputs[0])
        return n, c + self.channels[0] + self.channels[1], h + top + bottom, w + left + right


@dataclass(frozen=True)
class Upsample(Layer):
    """Enlarges the map by a factor, or to a given size where ``scale`` is None."""

    op: ClassVar[str] = "upsample"
    scale: Any = 2
    size: tuple[Dim, Dim] | None = None
    mode: str = "nearest"

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield len(inputs[0]) == 4, lambda: f"needs a map (n, c, h, w), got {len(inputs[0])} dimensions"

    def output_shape(self, *inputs: Shape) -> Shape:
        n, c, h, w = inputs[0]
        if self.size is not None:
            return n, c, *self.size
        scale_h, scale_w = pair(self.scale)
        return n, c, _times(h, scale_h), _times(w, scale_w)

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        flops = {"nearest": 0, "bilinear": 7, "bicubic": 39}.get(self.mode, 7)  # interpolation arithmetic per output
        return vector_nest(output, flops, source=inputs[0])


@dataclass(frozen=True)
class IndexSelect(Copy):
    """Gathers ``count`` channels (or elements along ``axis``) by an index list."""

    op: ClassVar[str] = "index_select"
    count: Dim
    axis: int = 1

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        rank = len(inputs[0])
        yield -rank <= self.axis < rank, lambda: f"axis {self.axis} of a tensor with {rank} dimensions"

    def output_shape(self, *inputs: Shape) -> Shape:
        axis = self.axis % len(inputs[0])
        return tuple(self.count if i == axis else d for i, d in enumerate(inputs[0]))


@dataclass(frozen=True)
class ScatterAdd(Layer):
    """Adds every input channel into one of ``channels`` output channels by an index list.

    ``as_matmul`` is the same sum as some code computes it: a dense product with a 0/1 matrix,
    which is stored like a weight but not trained.
    """

    channels: Dim
    as_matmul: bool = False

    @property
    def op(self) -> str:  # type: ignore[override]
        return "matmul" if self.as_matmul else "scatter_add"

    def output_shape(self, *inputs: Shape) -> Shape:
        return (inputs[0][0], self.channels, *inputs[0][2:])

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        if not self.as_matmul:
            return vector_nest(output, 0, source=inputs[0])._replace(other_flops=size(inputs[0]))
        n, c_in, h, w = as_map(inputs[0])
        return LoopNest(
            kind=MAC, n=n, groups=1, c_in_per_group=c_in, c_out_per_group=self.channels,
            h_in=h, w_in=w, h_out=h, w_out=w, weight_elems=c_in * self.channels,
        )  # fmt: skip


def _times(length: Dim, scale: Any) -> Dim:
    """``floor(length * scale)``, a whole number like any other dimension."""
    if isinstance(scale, int):
        return length * scale
    scaled = np.floor(length * scale)
    return scaled.astype(np.int64) if isinstance(length, np.ndarray) else int(scaled)
