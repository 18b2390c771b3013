"""Which layers a runtime executes as one op, and which it never executes at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from costsim.graph import LayerGraph, Node
from costsim.graph.layers import BatchNorm, Constant, Input
from costsim.lowering.classes import op_word


@dataclass(eq=False)  # each chain is itself, whatever its members
class FusedOp:
    """A chain of layers executed as one op: the anchor has the loops, the rest is its epilogue."""

    members: list[Node]

    @property
    def anchor(self) -> Node:
        return self.members[0]

    @property
    def tail(self) -> Node:
        return self.members[-1]

    def reads(self) -> list[str]:
        """Tensors it reads from outside the chain, operand by operand."""
        inside = {node.name for node in self.members}
        return [name for node in self.members for name in node.inputs if name not in inside]


def fuse(graph: LayerGraph, rules: Mapping[str, Collection[str]], views: Collection[str]) -> list[FusedOp]:
    """Chains of layers, in execution order.

    ``rules`` names, for an anchor's op, the ops that may follow in the same kernel. A layer joins
    the chain of a producer only if nobody else reads that producer. Where several producers
    qualify (two convolutions into an add) the latest takes it: its partner is complete by then.
    ``views`` execute nothing: they are left out and read through.
    """
    followers = {op for ops in rules.values() for op in ops}
    chains: list[FusedOp] = []
    chain_of: dict[str, FusedOp] = {}
    for node in graph:
        if isinstance(node.layer, (Input, Constant)) or node.layer.op in views:
            continue
        candidates: list[FusedOp] = []
        if node.layer.op in followers:
            candidates = [chain_of[name] for name in node.inputs if name in chain_of]
            candidates = [c for c in candidates if _may_join(graph, c, node, rules)]
        if candidates:
            chain = candidates[0] if len(candidates) == 1 else max(candidates, key=chains.index)
            chain.members.append(node)
        else:
            chain = FusedOp([node])
            chains.append(chain)
        chain_of[node.name] = chain
    # A chain runs when its last operand is there, which may be after chains that began later.
    position = {node.name: index for index, node in enumerate(graph)}
    return sorted(chains, key=lambda chain: position[chain.tail.name])


def _may_join(graph: LayerGraph, chain: FusedOp, node: Node, rules: Mapping[str, Collection[str]]) -> bool:
    if chain.tail.name not in node.inputs or len(graph.consumers(chain.tail.name)) != 1:
        return False
    if isinstance(node.layer, BatchNorm) and chain.members[1:]:
        return False  # it folds into the anchor's weights, not through what follows them
    return node.layer.op in rules.get(op_word(graph, chain.anchor), ())
