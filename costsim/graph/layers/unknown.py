"""Ops costsim has no model for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from costsim.graph.layers.base import Dim, Layer, LoopNest, Requirement, Shape, move_nest, not_negative


@dataclass(frozen=True)
class Unknown(Layer):
    """An op costsim has no model for: its bytes are counted, of its arithmetic only what is stated."""

    op: ClassVar[str] = "unknown"
    arity: ClassVar[int | None] = None
    type_name: str
    shape: Shape
    weight_elems: Dim = 0
    flops: Dim = 0

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield not_negative(self.weight_elems), lambda: f"{self.weight_elems} weights"
        yield not_negative(self.flops), lambda: f"{self.flops} operations"

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.shape

    def params(self, *inputs: Shape) -> Dim:
        return self.weight_elems

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        return move_nest(output, source=inputs[0] if inputs else output)._replace(other_flops=self.flops)
