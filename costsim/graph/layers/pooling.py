"""Layers that summarise: windows, whole maps, axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from costsim.graph.layers.base import (
    Dim,
    Layer,
    LoopNest,
    Requirement,
    Shape,
    divides,
    not_negative,
    pair,
    positive,
    sides,
    size,
    vector_nest,
)
from costsim.graph.layers.compute import window


def pooled_length(length: Any, kernel: Any, stride: Any, before: Any, after: Any, ceil_mode: bool) -> Any:
    """Positions of a window along an axis; with ``ceil_mode`` also a last one that begins inside and ends outside."""
    if not ceil_mode:
        return window(length, kernel, stride, 1, before, after)
    positions = window(length, kernel, stride, 1, before, after + stride - 1)
    starts_inside = (positions - 1) * stride < length + before  # else the window sees only padding
    return positions - 1 + starts_inside


@dataclass(frozen=True)
class Pool2d(Layer):
    """Maximum or average over a sliding window."""

    kernel: Any
    stride: Any = None
    padding: Any = 0
    function: str = "max"
    ceil_mode: bool = False
    """Keep a last window that hangs over the edge (Caffe, ncnn and some exporters do)."""

    @property
    def op(self) -> str:  # type: ignore[override]
        return f"{self.function}_pool"

    def __post_init__(self) -> None:
        object.__setattr__(self, "kernel", pair(self.kernel))
        object.__setattr__(self, "stride", self.kernel if self.stride is None else pair(self.stride))
        object.__setattr__(self, "padding", sides(self.padding))

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield len(inputs[0]) == 4, lambda: f"needs a map (n, c, h, w), got {len(inputs[0])} dimensions"
        yield positive(*self.kernel, *self.stride), "kernel and stride must be positive"
        yield not_negative(*self.padding), lambda: f"negative padding {self.padding}"
        yield self.function in ("max", "avg"), lambda: f"unknown pooling '{self.function}'"

    def output_shape(self, *inputs: Shape) -> Shape:
        n, c, h, w = inputs[0]
        top, bottom, left, right = self.padding
        return n, c, self._length(h, 0, top, bottom), self._length(w, 1, left, right)

    def _length(self, length: Any, axis: int, before: Any, after: Any) -> Any:
        return pooled_length(length, self.kernel[axis], self.stride[axis], before, after, self.ceil_mode)

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        (kernel_h, kernel_w), (stride_h, stride_w) = self.kernel, self.stride
        return vector_nest(
            output, kernel_h * kernel_w, source=inputs[0],
            kernel_h=kernel_h, kernel_w=kernel_w, stride_h=stride_h, stride_w=stride_w,
        )  # fmt: skip


@dataclass(frozen=True)
class GlobalPool(Layer):
    """Maximum or average over the whole map; the result is ``(n, c, 1, 1)``."""

    op: ClassVar[str] = "global_pool"
    function: str = "avg"

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield len(inputs[0]) == 4, lambda: f"needs a map (n, c, h, w), got {len(inputs[0])} dimensions"
        yield self.function in ("max", "avg"), lambda: f"unknown pooling '{self.function}'"

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0][:2], 1, 1)

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        _, _, h, w = inputs[0]
        return vector_nest(output, h * w, source=inputs[0], kernel_h=h, kernel_w=w, stride_h=h, stride_w=w)


REDUCTIONS = ("mean", "sum", "max", "min", "prod")


@dataclass(frozen=True)
class RoiAlign(Layer):
    """Cuts regions out of a map, or out of the levels of a pyramid, and samples each into ``size`` x ``size`` cells.

    Every cell is the mean of ``samples`` bilinear samples; a region is cut from one level only.
    ``position_sensitive`` cells each read channels of their own, so the output has
    ``c / size**2`` channels (R-FCN, arXiv 1605.06409; the aligned form is arXiv 1703.06870).
    """

    op: ClassVar[str] = "roi_align"
    arity: ClassVar[int | None] = None
    rois: Dim
    """Regions per image; the output's batch is ``n * rois``."""
    size: Dim = 7
    samples: Dim = 4
    position_sensitive: bool = False

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield all(len(shape) == 4 for shape in inputs), "needs maps (n, c, h, w)"
        for shape in inputs[1:]:
            fits = (shape[0] == inputs[0][0]) & (shape[1] == inputs[0][1])
            yield fits, partial("levels of {} and {} channels".format, inputs[0][1], shape[1])
        if self.position_sensitive:
            cells = self.size * self.size
            yield divides(cells, inputs[0][1]), lambda: f"{inputs[0][1]} channels are not divisible by {cells} cells"

    def output_shape(self, *inputs: Shape) -> Shape:
        n, c, _, _ = inputs[0]
        c_out = c // (self.size * self.size) if self.position_sensitive else c
        return n * self.rois, c_out, self.size, self.size

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        return vector_nest(output, 8 * self.samples, source=inputs[0])  # 7 to interpolate, 1 to sum


@dataclass(frozen=True)
class Reduce(Layer):
    """One value (a key of ``REDUCTIONS``) out of all elements along some axes."""

    op: ClassVar[str] = "reduce"
    axes: tuple[int, ...]
    function: str = "mean"
    keepdims: bool = True

    def output_shape(self, *inputs: Shape) -> Shape:
        rank = len(inputs[0])
        axes = {axis % rank for axis in self.axes}
        if self.keepdims:
            return tuple(1 if i in axes else d for i, d in enumerate(inputs[0]))
        return tuple(d for i, d in enumerate(inputs[0]) if i not in axes)

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        rank = len(inputs[0])
        yield self.function in REDUCTIONS, lambda: f"unknown reduction '{self.function}'"
        yield (
            all(-rank <= axis < rank for axis in self.axes),
            lambda: f"axes {self.axes} of a tensor with {rank} dimensions",
        )

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        return vector_nest(output, size(inputs[0]) // size(output), source=inputs[0])
