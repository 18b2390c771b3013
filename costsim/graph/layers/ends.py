"""Where tensors come from and where they go: the network's input, stored constants, outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from costsim.graph.layers.base import (
    Dim,
    Layer,
    LoopNest,
    Requirement,
    Shape,
    move_nest,
    size,
)


@dataclass(frozen=True)
class Input(Layer):
    """The network's input tensor."""

    op: ClassVar[str] = "input"
    arity: ClassVar[int | None] = 0
    shape: Shape

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        whole = all(isinstance(dim, (int, np.integer, np.ndarray)) and np.size(dim) for dim in self.shape)
        yield whole and len(self.shape) > 0, lambda: f"its shape {self.shape} is not one of whole numbers"

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.shape

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        return move_nest(output)


@dataclass(frozen=True)
class Constant(Layer):
    """A stored tensor that is no layer's own weight: a class token, a position embedding, anchors.

    It is never executed; the op that reads it counts it among its weights.
    """

    op: ClassVar[str] = "constant"
    arity: ClassVar[int | None] = 0
    shape: Shape
    trainable: bool = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.shape

    def params(self, *inputs: Shape) -> Dim:
        return size(self.shape) if self.trainable else 0

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        return move_nest(output)


@dataclass(frozen=True)
class Output(Layer):
    """Says that a tensor which layers read further on leaves the network as well: a level of a pyramid, a state.

    Nothing runs; the tensor is written where the network's user finds it, and stays to the end. A tensor that
    nobody reads is an output without being called one.
    """

    op: ClassVar[str] = "output"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        return move_nest(output)
