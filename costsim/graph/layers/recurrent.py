"""Recurrent layers: one cell applied at every step of a sequence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from costsim.graph.layers.base import Dim, Layer, LoopNest, Requirement, Shape, not_negative, positive
from costsim.tables.optable import MAC
from costsim.tables.words import word

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
"""Rows of weights a hidden unit has, by the kind of cell."""

# Sigmoids, hyperbolic tangents, and products and sums a hidden unit takes at a step (PyTorch's equations of the cells)
_STEP = {"lstm": (3, 2, 4), "gru": (2, 1, 5), "rnn": (0, 1, 1)}


@dataclass(frozen=True)
class Recurrent(Layer):
    """LSTM, GRU or simple recurrence over a sequence (n, steps, features), or (steps, n, features) if ``time_first``.

    The output holds the hidden state of every step. At each step a cell multiplies its input and its hidden state
    with the weights of all gates: ``gates * hidden * (features + hidden)`` multiply-accumulates a direction. With a
    ``projection`` the hidden state is multiplied down to that width before it is handed on and fed back (Sak et al.
    2014): ``gates * hidden * (features + projection) + hidden * projection``, whose factor ``hidden`` is the loop over
    outputs here. The loops are those of the product of all steps; that a step waits for the one before is not in them.
    """

    op: ClassVar[str] = "recurrent"
    hidden: Dim
    cell: str = "lstm"
    bidirectional: bool = False
    bias: bool = True
    """Two biases a gate, one for the input and one for the hidden state, as PyTorch, ONNX and cuDNN store them."""
    time_first: bool = False
    projection: Dim = 0
    """Width of the hidden state where it is projected, 0 where it is not."""

    @property
    def directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def width(self) -> Dim:
        """Values of the state that a direction hands on."""
        return self.projection or self.hidden

    def requirements(self, *inputs: Shape) -> Iterator[Requirement]:
        yield len(inputs[0]) == 3, lambda: f"needs a sequence (n, steps, features), got {len(inputs[0])} dimensions"
        yield self.cell in GATES, lambda: f"unknown cell '{self.cell}'"
        yield positive(self.hidden), lambda: f"{self.hidden} hidden units"
        yield not_negative(self.projection), lambda: f"a projection to {self.projection} values"

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0][:2], self.directions * self.width)

    def params(self, *inputs: Shape) -> Dim:
        rows = GATES[self.cell] * self.hidden
        gates = rows * (inputs[0][2] + self.width + (2 if self.bias else 0))
        return self.directions * (gates + self.hidden * self.projection)

    def loop_nest(self, inputs: tuple[Shape, ...], output: Shape) -> LoopNest:
        n, steps = inputs[0][:2][::-1] if self.time_first else inputs[0][:2]
        sigmoids, tangents, others = _STEP[self.cell]
        unit = sigmoids * (word("sigmoid").flops or 0) + tangents * (word("tanh").flops or 0) + others
        biases = 2 * GATES[self.cell] if self.bias else 0
        inner, outer = inputs[0][2] + self.width, GATES[self.cell] * self.hidden
        if self.projection:
            inner, outer = GATES[self.cell] * inner + self.projection, self.hidden
        return LoopNest(
            kind=MAC,
            n=n,
            groups=self.directions,
            c_in_per_group=inner,
            c_out_per_group=outer,
            h_in=steps,
            w_in=1,
            h_out=steps,
            w_out=1,
            weight_elems=self.params(*inputs),
            other_flops=n * steps * self.directions * self.hidden * (unit + biases),
        )
