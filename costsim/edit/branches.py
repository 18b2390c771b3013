"""Merging parallel branches: siblings that read the same tensor in the same way become one op."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from costsim.edit.rewrite import keep, rewrite
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Activation, BatchNorm, Conv2d, Slice


@dataclass(frozen=True)
class Siblings:
    """Chains (convolution, norm, activation) that differ in their number of channels only."""

    chains: tuple[tuple[str, ...], ...]


def find_siblings(graph: LayerGraph, names: Collection[str]) -> list[Siblings]:
    """Dense convolutions of the same tensor with the same window, and what follows each of them."""
    found: dict[Any, list[tuple[str, ...]]] = {}
    for node in (graph[name] for name in names):
        if isinstance(node.layer, Conv2d) and node.layer.groups == 1:
            chain = _chain(graph, node)
            kinds = (replace(node.layer, out_channels=0), *(n.layer for n in chain[1:]))
            found.setdefault((node.inputs, kinds), []).append(tuple(n.name for n in chain))
    return [Siblings(tuple(chains)) for chains in found.values() if len(chains) > 1]


def merge_branches(graph: LayerGraph, names: Collection[str]) -> LayerGraph:
    """Siblings among the named nodes executed as one op; each reader takes its channels by a
    strided slice. The function and its macs stay exactly the same.
    """
    role: dict[str, tuple[Siblings, int, int]] = {}
    for siblings in find_siblings(graph, names):
        for index, chain in enumerate(siblings.chains):
            role.update({name: (siblings, index, position) for position, name in enumerate(chain)})

    def write(new: LayerGraph, node: Node, inputs: tuple[str, ...]) -> str:
        if node.name not in role:
            return keep(new, node, inputs)
        siblings, index, position = role[node.name]
        chains = siblings.chains
        last = position == len(chains[index]) - 1
        if index == 0:
            _write_merged(graph, new, chains, node, position)
        merged = chains[0][position] + MERGED
        if not last:
            return merged
        widths = [graph[chain[0]].shape[1] for chain in chains]
        start = sum(widths[:index])
        return new.add(Slice(start, start + widths[index], strided=True), merged, name=node.name, block=node.block).name

    return rewrite(graph, write)


MERGED = "+"
"""Behind the name of the first of the layers that became one."""


def _write_merged(graph: LayerGraph, new: LayerGraph, chains: tuple[tuple[str, ...], ...], node: Node, at: int) -> None:
    layer: Any = node.layer
    if isinstance(layer, Conv2d):
        layer = replace(layer, out_channels=sum(graph[chain[0]].shape[1] for chain in chains))
    source = node.inputs[0] if at == 0 else chains[0][at - 1] + MERGED
    new.add(layer, source, name=node.name + MERGED, block=node.block)


def _chain(graph: LayerGraph, conv: Node) -> list[Node]:
    """The convolution and the norm and activation that alone read it."""
    chain = [conv]
    while len(readers := graph.consumers(chain[-1].name)) == 1 and isinstance(
        readers[0].layer, (BatchNorm, Activation)
    ):
        chain.append(readers[0])
    return chain
