"""The columns of one row of an op table: what a chain of layers costs wherever it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from costsim.graph import Node
from costsim.graph.layers import BatchNorm, Shape, Unknown
from costsim.graph.layers.base import size
from costsim.graph.placed import Placed
from costsim.lowering.classes import op_class
from costsim.tables.optable import OpLabel


@dataclass(eq=False, slots=True)  # told apart by identity
class Row:
    """One row without the names of its layers."""

    op: str
    op_class: str
    known: bool
    output_shape: Shape
    columns: dict[str, Any]

    @classmethod
    def of(
        cls,
        chain: Sequence[Placed],
        tensors: Sequence[Shape],
        constants: Sequence[Placed] = (),
        charged: Sequence[Placed] = (),
    ) -> Row:
        """The row of an anchor and its epilogue.

        Args:
            chain: the layers, the anchor first.
            tensors: shapes of the activations it reads from outside.
            constants: stored tensors it reads: weights of the row.
            charged: those of them whose parameters no other row counts.
        """
        anchor, output, nest = chain[0], chain[-1].output, chain[0].nest
        epilogue = [_epilogue(anchor, follower) for follower in chain[1:]]
        epilogue_flops = sum(flops for flops, _ in epilogue)
        epilogue_weights = sum(weights for _, weights in epilogue)
        columns = {
            **nest._asdict(),
            "input_elems": sum(map(size, tensors)),
            "output_elems": size(output),
            "weight_elems": nest.weight_elems + epilogue_weights + sum(size(c.output) for c in constants),
            "params": sum(layer.params for layer in [*chain, *charged]),
            "macs": nest.macs,
            "flops": nest.flops + epilogue_flops,
            "epilogue_flops": epilogue_flops,
        }
        return cls(anchor.op, op_class(anchor.op, nest), not isinstance(anchor.layer, Unknown), output, columns)

    def label(self, members: Sequence[Node]) -> OpLabel:
        """The words of the row for the layers it executes in a network."""
        anchor = members[0]
        layers = tuple([node.name for node in members])
        return OpLabel(anchor.name, self.op, self.op_class, anchor.block, layers, self.output_shape, self.known)


def _epilogue(anchor: Placed, follower: Placed) -> tuple[Any, Any]:
    """(flops, weights) of a fused layer; a batch norm folds into an anchor with weights as one bias a channel."""
    if isinstance(follower.layer, BatchNorm) and hasattr(anchor.layer, "bias"):
        return (0, 0) if anchor.layer.bias else (size(follower.output), follower.output[1])
    return follower.nest.flops, follower.nest.weight_elems
