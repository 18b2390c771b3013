"""What every layer answers: its output shape, its parameters, its loop nest.

All arithmetic on dimensions is written with operators, so a dimension may be an integer or an
array with one value per point of a design space; one topology then describes thousands of
networks at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from costsim.errors import InputError
from costsim.tables.optable import MAC, MOVE, VECTOR

Dim: TypeAlias = Any
"""An integer, or an integer array with one value per point."""

Shape: TypeAlias = tuple[Dim, ...]
"""Batch first, channels second: ``(n, c, h, w)`` for maps, ``(n, features)`` for vectors."""

Requirement: TypeAlias = tuple[Any, str | Callable[[], str]]
"""A condition (a bool, or one per point) and what is wrong where it does not hold, put in words only then."""


class LoopNest(NamedTuple):
    """The canonical loops of one layer (see ``costsim.tables.optable``) and its arithmetic."""

    kind: float
    n: Dim
    groups: Dim
    c_in_per_group: Dim
    c_out_per_group: Dim
    h_in: Dim
    w_in: Dim
    h_out: Dim
    w_out: Dim
    kernel_h: Dim = 1
    kernel_w: Dim = 1
    stride_h: Dim = 1
    stride_w: Dim = 1
    dilation_h: Dim = 1
    dilation_w: Dim = 1
    weight_elems: Dim = 0
    other_flops: Dim = 0
    """Arithmetic beside the multiply-accumulates."""

    @property
    def macs(self) -> Dim:
        if self.kind != MAC:
            return 0
        outputs = self.n * self.groups * self.c_out_per_group * self.h_out * self.w_out
        return outputs * self.c_in_per_group * self.kernel_h * self.kernel_w

    @property
    def flops(self) -> Dim:
        return 2 * self.macs + self.other_flops


@dataclass(frozen=True)
class Layer(ABC):
    """A frozen specification. Subclasses are dataclasses and hold no shapes."""

    learned: Dim | None = field(default=None, kw_only=True, repr=False)
    """Its trainable parameters where they are not as many as the weights it reads: weights that a layer before it
    has counted, weights that are fixed, a table its weights are looked up in. None: what ``params`` says."""

    dtype: str | None = field(default=None, kw_only=True, repr=False, compare=False)
    """What a quantised file has it compute in: ``int8`` or ``float``. None: whatever the network runs in. Layers that
    differ in it alone are equal: they compute the same."""

    one_scale: bool | None = field(default=None, kw_only=True, repr=False, compare=False)
    """Whether a quantised file has one scale for all its weights. None: one for each output channel, or no scales."""

    op: ClassVar[str]
    """The device's word for the layer: what profiles name in their fusion rules."""

    arity: ClassVar[int | None] = 1
    """Tensors it reads; None is one or more."""

    @abstractmethod
    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape of the output tensor."""

    @abstractmethod
    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        """The loops a device runs for it."""

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        """What must hold of the inputs; checked before ``output_shape`` is asked."""
        yield from ()

    def params(self, *inputs: Shape) -> Dim:
        """Trainable parameters."""
        return 0


def as_map(shape: Shape) -> tuple[Dim, Dim, Dim, Dim]:
    """Any shape as ``(n, c, h, w)``: missing dimensions are 1, extra ones are folded into h."""
    if len(shape) == 4:
        return shape
    n, c, *rest = (*shape, 1) if len(shape) == 1 else shape
    return n, c, prod(rest[:-1]) if len(rest) > 1 else (rest[0] if rest else 1), rest[-1] if len(rest) > 1 else 1


def size(shape: Shape) -> Dim:
    """Elements of a tensor."""
    return prod(shape)


def vector_nest(output: Shape, flops_per_elem: Dim, *, source: Shape | None = None, **loops: Dim) -> LoopNest:
    """The nest of an op that does some arithmetic for each output element."""
    return _channelwise(VECTOR, output, source or output, other_flops=flops_per_elem * size(output), **loops)


def move_nest(output: Shape, *, source: Shape | None = None) -> LoopNest:
    """The nest of an op that only copies."""
    return _channelwise(MOVE, output, source or output)


def _channelwise(kind: float, output: Shape, source: Shape, **more: Dim) -> LoopNest:
    n, c, h_out, w_out = as_map(output)
    _, _, h_in, w_in = as_map(source)
    return LoopNest(
        kind=kind, n=n, groups=c, c_in_per_group=1, c_out_per_group=1,
        h_in=h_in, w_in=w_in, h_out=h_out, w_out=w_out, **more,
    )  # fmt: skip


class Copy(Layer):
    """Writes every output element once, computes nothing."""

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        return move_nest(output, source=inputs[0])


def pair(value: Any) -> tuple[Dim, Dim]:
    """``3`` or ``(3, 5)`` as (vertical, horizontal)."""
    if not isinstance(value, (tuple, list)):
        return value, value
    if len(value) != 2:
        raise InputError(
            f"its attributes make no sense: {value} is neither one number nor two", mend="write (vertical, horizontal)"
        )
    return value[0], value[1]


def sides(value: Any) -> tuple[Dim, Dim, Dim, Dim]:
    """Padding given as one number, (vertical, horizontal) or (top, bottom, left, right)."""
    if not isinstance(value, (tuple, list)):
        return (value,) * 4
    if len(value) not in (2, 4):
        raise InputError(
            f"its attributes make no sense: {value} is neither one number, two nor four",
            mend="write (top, bottom, left, right)",
        )
    return tuple(value) if len(value) == 4 else (value[0], value[0], value[1], value[1])


def positive(*values: Dim) -> Any:
    """Whether all values are above zero, per point."""
    holds: Any = True
    for value in values:
        holds = holds & (value > 0)
    return holds


def everywhere(condition: Any) -> bool:
    """Whether it holds at every point."""
    return condition if isinstance(condition, bool) else bool(np.all(condition))


def not_negative(*values: Dim) -> Any:
    """Whether no value is below zero, per point."""
    return positive(*(value + 1 for value in values))


def divides(divisor: Dim, dividend: Dim) -> Any:
    """Whether ``divisor`` divides ``dividend``, per point; zero divides nothing."""
    if isinstance(divisor, int) and isinstance(dividend, int):
        return divisor > 0 and dividend % divisor == 0
    safe = np.where(np.asarray(divisor) > 0, divisor, 1)
    return (np.asarray(divisor) > 0) & (np.asarray(dividend) % safe == 0)


def broadcasts(*shapes: Shape) -> Iterator[Requirement]:
    """What must hold for NumPy's broadcasting of these shapes, dimension by dimension."""
    for dims in _aligned(shapes):
        widest = _widest(dims)
        fits: Any = True
        for dim in dims:
            fits = fits & ((np.asarray(dim) == widest) | (np.asarray(dim) == 1))
        yield fits, lambda: f"shapes {' and '.join(str(tuple(s)) for s in shapes)} do not broadcast"


def broadcast(*shapes: Shape) -> Shape:
    """The shape NumPy's broadcasting gives them together."""
    return tuple(_widest(dims) for dims in _aligned(shapes))


def _aligned(shapes: tuple[Shape, ...]) -> list[tuple[Dim, ...]]:
    """Dimensions side by side, last ones together, missing ones 1."""
    rank = max(len(s) for s in shapes)
    return list(zip(*((1,) * (rank - len(s)) + tuple(s) for s in shapes), strict=True))


def _widest(dims: tuple[Dim, ...]) -> Dim:
    widest = dims[0]
    for dim in dims[1:]:
        either_array = isinstance(widest, np.ndarray) or isinstance(dim, np.ndarray)
        widest = np.maximum(widest, dim) if either_array else max(widest, dim)
    return widest
