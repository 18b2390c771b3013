"""Layers that do a little arithmetic for every element: what the papers call element-wise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

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
    positive,
    vector_nest,
)
from costsim.tables.words import WORDS, word

ACTIVATIONS = tuple(sorted(op for op, word in WORDS.items() if word.op_class == "activation" and op != "softmax"))
"""Functions of one element that ``Activation`` takes, and ``identity``."""


class _SameShape(Layer):
    """A layer whose output has the shape of its (first) input."""

    @property
    def flops_per_elem(self) -> Dim:
        """Operations an element, as the table of op words has them."""
        return word(self.op).flops or 0

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        return vector_nest(output, self.flops_per_elem, weight_elems=self.params(*inputs))


@dataclass(frozen=True)
class BatchNorm(_SameShape):
    """Batch normalisation: scale and shift per channel. Folded into a convolution in front of it."""

    op: ClassVar[str] = "batch_norm"

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield len(inputs[0]) > 1, "needs channels: at least two dimensions"

    def params(self, *inputs: Shape) -> Dim:
        return 2 * inputs[0][1]


@dataclass(frozen=True)
class LayerNorm(_SameShape):
    """Layer normalisation over the last dimension: mean, variance, scale and shift."""

    op: ClassVar[str] = "layer_norm"
    affine: bool = True
    """Scale and shift are learned, one of each per element of the last dimension."""

    def params(self, *inputs: Shape) -> Dim:
        return 2 * inputs[0][-1] if self.affine else 0


@dataclass(frozen=True)
class RmsNorm(_SameShape):
    """Division by the root mean square over the last dimension, and a scale: no mean is taken, no shift added."""

    op: ClassVar[str] = "rms_norm"
    affine: bool = True
    """A scale is learned, one per element of the last dimension."""

    def params(self, *inputs: Shape) -> Dim:
        return inputs[0][-1] if self.affine else 0


@dataclass(frozen=True)
class GroupNorm(_SameShape):
    """Normalisation over the map and the channels of each group; instance norm has one channel a group."""

    op: ClassVar[str] = "group_norm"
    groups: Dim
    affine: bool = True

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        c = inputs[0][1]
        yield divides(self.groups, c), lambda: f"{c} channels are not divisible by {self.groups} groups"

    def params(self, *inputs: Shape) -> Dim:
        return 2 * inputs[0][1] if self.affine else 0


@dataclass(frozen=True)
class Activation(_SameShape):
    """A non-linearity, named by ``function`` (one of ``ACTIVATIONS``)."""

    function: str = "relu"

    @property
    def op(self) -> str:  # type: ignore[override]
        return self.function

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield self.function in (*ACTIVATIONS, "identity"), lambda: f"unknown activation '{self.function}'"
        yield self.function != "prelu" or len(inputs[0]) > 1, "needs channels: at least two dimensions"

    def params(self, *inputs: Shape) -> Dim:
        return inputs[0][1] if self.function == "prelu" else 0


@dataclass(frozen=True)
class Softmax(_SameShape):
    """Softmax over one axis: maximum, subtract, exponential, sum, divide."""

    op: ClassVar[str] = "softmax"
    axis: int = 1


@dataclass(frozen=True)
class LRN(_SameShape):
    """Local response normalisation across ``size`` channels (AlexNet, GoogLeNet)."""

    op: ClassVar[str] = "lrn"
    size: int = 5

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield positive(self.size), lambda: f"a window of {self.size} channels"

    @property
    def flops_per_elem(self) -> Dim:
        return 2 * self.size + 4  # squares and their sum, then scale, add, power, divide


@dataclass(frozen=True)
class Dropout(_SameShape):
    """Does nothing at inference; lowered away everywhere."""

    op: ClassVar[str] = "dropout"


ARITHMETIC = tuple(sorted(op for op, word in WORDS.items() if word.op_class == "element-wise"))
"""Functions of two elements that ``Arithmetic`` takes."""


@dataclass(frozen=True)
class Arithmetic(Layer):
    """Element-wise arithmetic (one of ``ARITHMETIC``) of any number of tensors, shapes broadcast as in NumPy.

    ``const_elems`` counts the elements of an operand that is a stored constant.
    """

    arity: ClassVar[int | None] = None
    function: str = "sub"
    const_elems: Dim = 0

    @property
    def op(self) -> str:  # type: ignore[override]
        return self.function

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield self.function in ARITHMETIC, lambda: f"unknown arithmetic '{self.function}'"
        yield not_negative(self.const_elems), lambda: f"{self.const_elems} constants"
        yield from broadcasts(*inputs)

    def output_shape(self, *inputs: Shape) -> Shape:
        return broadcast(*inputs)

    def params(self, *inputs: Shape) -> Dim:
        return self.const_elems

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        operations = max(1, len(inputs) - 1)
        return vector_nest(output, operations, weight_elems=self.const_elems)


@dataclass(frozen=True)
class Add(Arithmetic):
    """Sum of tensors: shortcuts, merged branches."""

    function: str = "add"


@dataclass(frozen=True)
class Multiply(Arithmetic):
    """Product of tensors: the scaling of squeeze-excite."""

    function: str = "mul"
