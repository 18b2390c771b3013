"""Which layers a runtime executes as one op, and which it never executes at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from costsim.graph import LayerGraph, Node
from costsim.graph.layers import BatchNorm, Pool2d

INNER = "inner_"
"""What rules put before the word of a pooling to mean those that never look past the edge: ``inner_max_pool``."""


@dataclass(eq=False, slots=True)  # each chain is itself, whatever its members
class FusedOp:
    """A chain of layers executed as one op: the anchor has the loops, the rest is its epilogue."""

    members: list[Node]
    reads: tuple[str, ...]
    """Tensors it reads from outside the chain, operand by operand."""
    position: int
    """Of its last member in the graph: it runs when its last operand is there."""

    @property
    def anchor(self) -> Node:
        return self.members[0]

    @property
    def tail(self) -> Node:
        return self.members[-1]

    def join(self, node: Node, position: int) -> None:
        """Run one more layer; of what is in the chain it reads the last layer only."""
        if len(node.inputs) > 1:
            self.reads += tuple(name for name in node.inputs if name != self.tail.name)
        self.members.append(node)
        self.position = position


def fuse(
    graph: LayerGraph, rules: Mapping[str, Collection[str]], skipped: Collection[str]
) -> tuple[list[FusedOp], list[Node]]:
    """Chains of layers in execution order, and the nodes that execute nothing in the graph's.

    ``rules`` names, for an anchor's op, the ops that may follow in the same kernel. A layer joins
    the chain of a producer only if nobody else reads that producer. Where several producers
    qualify (two convolutions into an add) the latest takes it: its partner is complete by then.
    Ops in ``skipped`` are left out, and read through.
    """
    followers = {op.removeprefix(INNER) for ops in rules.values() for op in ops}
    chains: list[FusedOp] = []
    open_at: dict[str, FusedOp] = {}  # chains by the tensor they end in, where one reader may follow
    aside: list[Node] = []
    for position, node in enumerate(graph):
        name, placed, inputs, _ = node
        op = placed.op
        if op in skipped:
            aside.append(node)
            continue
        joined: FusedOp | None = None
        if op in followers:
            for read in inputs:
                chain = open_at.get(read)
                if chain is not None and _may_join(graph, chain, node, op, rules):
                    joined = chain if joined is None else max(joined, chain, key=chains.index)
        if joined is None:
            joined = FusedOp([node], inputs, position)
            chains.append(joined)
        else:
            joined.join(node, position)
        if graph.reader_count(name) == 1 and joined.members[0].placed.op in rules:
            open_at[name] = joined
    # A chain that waits for an operand may run after chains that began later.
    return sorted(chains, key=attrgetter("position")), aside


def _may_join(graph: LayerGraph, chain: FusedOp, node: Node, op: str, rules: Mapping[str, Collection[str]]) -> bool:
    """Whether the only node that reads what the chain ends in may run in it."""
    members = chain.members
    if op == BatchNorm.op and len(members) > 1:
        return False  # it folds into the anchor's weights, not through what follows them
    return _named_in(rules[members[0].placed.op], graph, node, op)


def _named_in(ops: Collection[str], graph: LayerGraph, node: Node, op: str) -> bool:
    """Whether rules name the node's op, or its ``INNER`` form."""
    if op in ops:
        return True
    layer = node.placed.layer
    return isinstance(layer, Pool2d) and INNER + op in ops and _stays_inside(layer, graph, node)


def _stays_inside(pool: Pool2d, graph: LayerGraph, node: Node) -> bool:
    """Whether every window lies on the map: no padding, and none that hangs over the far edge."""
    sizes = zip(graph[node.inputs[0]].shape[2:], node.shape[2:], pool.kernel, pool.stride, strict=True)
    hanging = any(np.any((after - 1) * stride + kernel > before) for before, after, kernel, stride in sizes)
    return not hanging and not np.any(pool.padding)
