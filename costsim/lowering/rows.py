"""The columns of one row of an op table: what a chain of layers costs wherever it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from costsim.graph import Node
from costsim.graph.layers import BatchNorm, LoopNest, Shape, Unknown
from costsim.graph.layers.base import size
from costsim.graph.placed import Placed
from costsim.lowering.classes import op_class
from costsim.tables.optable import OpLabel

LOOPS = slice(LoopNest._fields.index("weight_elems"))
"""The loops of a nest: the first columns of the table."""


@dataclass(eq=False, slots=True)  # told apart by identity
class Row:
    """One row without the names of its layers."""

    op: str
    op_class: str
    known: bool
    output_shape: Shape
    columns: tuple[Any, ...]
    """In the order of the table's."""
    dtype: str | None
    """What the network has it compute in."""
    one_scale: bool
    """Whether all its weights have one scale."""

    @classmethod
    def of(
        cls,
        chain: Sequence[Placed],
        tensors: Sequence[Shape],
        element: tuple[float, float],
        constants: Sequence[Placed] = (),
        charged: Sequence[Placed] = (),
    ) -> Row:
        """The row of an anchor and its epilogue.

        Args:
            chain: the layers, the anchor first.
            tensors: shapes of the activations it reads from outside.
            element: bytes of an activation and of a weight.
            constants: stored tensors it reads: weights of the row.
            charged: those of them whose parameters no other row counts.
        """
        anchor, output, nest = chain[0], chain[-1].output, chain[0].nest
        params, epilogue_flops, weight_elems = anchor.params, 0, nest.weight_elems
        for follower in chain[1:]:
            flops, weights = _epilogue(anchor, follower)
            params = params + follower.params
            epilogue_flops, weight_elems = epilogue_flops + flops, weight_elems + weights
        columns = (
            *tuple(nest)[LOOPS],
            sum(map(size, tensors)),  # input_elems
            size(output),  # output_elems
            weight_elems + sum(size(constant.output) for constant in constants),
            params + sum(constant.params for constant in charged),
            nest.macs,
            nest.flops + epilogue_flops,
            epilogue_flops,
            *element,
        )
        known, layer = anchor.op != Unknown.op, anchor.layer
        return cls(anchor.op, op_class(anchor.op, nest), known, output, columns, layer.dtype, layer.one_scale is True)

    def label(self, members: Sequence[Node], belongs: Mapping[str, str], is_kept: bool = False) -> OpLabel:
        """The words of the row for the layers it executes in a network; parts belong to a composite layer."""
        anchor = members[0]
        layers = tuple([node.name for node in members])
        if belongs and not belongs.keys().isdisjoint(layers):
            layers = tuple(dict.fromkeys(belongs.get(name, name) for name in layers))
        words = anchor.name, self.op, self.op_class, anchor.block, layers
        return OpLabel(*words, self.output_shape, self.known, is_kept, self.dtype, self.one_scale)


def _epilogue(anchor: Placed, follower: Placed) -> tuple[Any, Any]:
    """(flops, weights) of a fused layer; a batch norm folds into an anchor with weights as one bias a channel."""
    if follower.op == BatchNorm.op and hasattr(anchor.layer, "bias"):
        return (0, 0) if anchor.layer.bias else (size(follower.output), follower.output[1])
    return follower.nest.flops, follower.nest.weight_elems
