"""Layers that multiply and accumulate: convolutions, fully connected layers, matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from costsim.graph.layers.base import (
    Dim,
    Layer,
    LoopNest,
    Requirement,
    Shape,
    broadcast,
    broadcasts,
    divides,
    not_negative,
    pair,
    positive,
    sides,
    size,
)
from costsim.tables.optable import MAC


def window(length: Dim, kernel: Dim, stride: Dim, dilation: Dim, before: Dim, after: Dim) -> Dim:
    """Positions a kernel takes along one axis."""
    return (length + before + after - dilation * (kernel - 1) - 1) // stride + 1


@dataclass(frozen=True)
class _Windowed(Layer):
    """A kernel sliding over a map. Pairs are (vertical, horizontal)."""

    out_channels: Dim
    kernel: Any = 1
    stride: Any = 1
    padding: Any = None
    """(top, bottom, left, right); left out, it keeps the map's size at stride 1 and odd kernels."""
    dilation: Any = 1
    groups: Dim = 1
    bias: bool = False
    shared: bool = False
    """The weights are another layer's: they are read here but are no parameters of this one."""

    def __post_init__(self) -> None:
        for name in ("kernel", "stride", "dilation"):
            object.__setattr__(self, name, pair(getattr(self, name)))
        same = tuple(d * (k - 1) // 2 for k, d in zip(self.kernel, self.dilation, strict=True))
        object.__setattr__(self, "padding", sides(same if self.padding is None else self.padding))

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        (shape,) = inputs
        yield len(shape) == 4, lambda: f"needs a map (n, c, h, w), got {len(shape)} dimensions"
        yield positive(*self.kernel, *self.stride, *self.dilation), "kernel, stride and dilation must be positive"
        yield not_negative(*self.padding), lambda: f"negative padding {self.padding}"
        c_in = shape[1]
        yield divides(self.groups, c_in), lambda: f"{c_in} input channels are not divisible by {self.groups} groups"
        yield (
            divides(self.groups, self.out_channels),
            lambda: f"{self.out_channels} output channels are not divisible by {self.groups} groups",
        )

    def weights(self, *inputs: Shape) -> Dim:
        """Weights and biases it reads."""
        weights = self.out_channels * (inputs[0][1] // self.groups) * self.kernel[0] * self.kernel[1]
        return weights + self.out_channels if self.bias else weights

    def params(self, *inputs: Shape) -> Dim:
        return 0 if self.shared else self.weights(*inputs)


@dataclass(frozen=True)
class Conv2d(_Windowed):
    """Convolution: dense, grouped, depthwise (groups = channels), dilated, any kernel."""

    op: ClassVar[str] = "conv"

    def output_shape(self, *inputs: Shape) -> Shape:
        n, _, h, w = inputs[0]
        top, bottom, left, right = self.padding
        return (
            n,
            self.out_channels,
            window(h, self.kernel[0], self.stride[0], self.dilation[0], top, bottom),
            window(w, self.kernel[1], self.stride[1], self.dilation[1], left, right),
        )

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        n, c_in, h_in, w_in = inputs[0]
        return LoopNest(
            kind=MAC,
            n=n,
            groups=self.groups,
            c_in_per_group=c_in // self.groups,
            c_out_per_group=self.out_channels // self.groups,
            h_in=h_in,
            w_in=w_in,
            h_out=output[2],
            w_out=output[3],
            kernel_h=self.kernel[0],
            kernel_w=self.kernel[1],
            stride_h=self.stride[0],
            stride_w=self.stride[1],
            dilation_h=self.dilation[0],
            dilation_w=self.dilation[1],
            weight_elems=self.weights(*inputs),
            other_flops=size(output) if self.bias else 0,
        )


@dataclass(frozen=True)
class ConvTranspose2d(_Windowed):
    """Transposed convolution, costed as the matrix product of its adjoint.

    Every input pixel is multiplied with the whole kernel, so the loops run over the input map
    and give ``c_out * kernel_h * kernel_w`` values each; summing them into the output is
    counted as other arithmetic.
    """

    op: ClassVar[str] = "conv_transpose"
    output_padding: Any = 0

    def output_shape(self, *inputs: Shape) -> Shape:
        n, _, h, w = inputs[0]
        top, bottom, left, right = self.padding
        extra_h, extra_w = pair(self.output_padding)
        return (
            n,
            self.out_channels,
            (h - 1) * self.stride[0] - top - bottom + self.dilation[0] * (self.kernel[0] - 1) + 1 + extra_h,
            (w - 1) * self.stride[1] - left - right + self.dilation[1] * (self.kernel[1] - 1) + 1 + extra_w,
        )

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        n, c_in, h, w = inputs[0]
        taps = self.kernel[0] * self.kernel[1]
        return LoopNest(
            kind=MAC,
            n=n,
            groups=self.groups,
            c_in_per_group=c_in // self.groups,
            c_out_per_group=self.out_channels // self.groups * taps,
            h_in=h,
            w_in=w,
            h_out=h,
            w_out=w,
            weight_elems=self.weights(*inputs),
            other_flops=n * self.out_channels * taps * h * w + (size(output) if self.bias else 0),
        )


@dataclass(frozen=True)
class Linear(Layer):
    """Fully connected over the last dimension; all others, the batch among them, are rows of one product."""

    op: ClassVar[str] = "linear"
    out_features: Dim
    bias: bool = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0][:-1], self.out_features)

    def params(self, *inputs: Shape) -> Dim:
        return self.out_features * (inputs[0][-1] + (1 if self.bias else 0))

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        rows = prod(inputs[0][:-1])
        return LoopNest(
            kind=MAC,
            n=1,
            groups=1,
            c_in_per_group=inputs[0][-1],
            c_out_per_group=self.out_features,
            h_in=rows,
            w_in=1,
            h_out=rows,
            w_out=1,
            weight_elems=self.params(*inputs),
            other_flops=size(output) if self.bias else 0,
        )


@dataclass(frozen=True)
class MatMul(Layer):
    """Product of two activations ``(..., m, k) x (..., k, n)``; leading dimensions broadcast."""

    op: ClassVar[str] = "matmul"
    arity: ClassVar[int | None] = 2

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        a, b = inputs
        yield len(a) >= 2 and len(b) >= 2, "needs two matrices"
        yield a[-1] == b[-2], lambda: f"inner dimensions {a[-1]} and {b[-2]} differ"
        yield from broadcasts(a[:-2], b[:-2])

    def output_shape(self, *inputs: Shape) -> Shape:
        a, b = inputs
        return (*broadcast(a[:-2], b[:-2]), a[-2], b[-1])

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        a, b = inputs
        return LoopNest(
            kind=MAC,
            n=1,
            groups=prod(output[:-2]),
            c_in_per_group=a[-1],
            c_out_per_group=b[-1],
            h_in=a[-2],
            w_in=1,
            h_out=a[-2],
            w_out=1,
        )
