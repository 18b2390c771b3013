"""Blocks of a network whose author names none, found from its structure."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, groupby

from costsim.graph.layergraph import LayerGraph, Node
from costsim.graph.layers import Constant, Pool2d

NOTE = "its blocks have no names: {count} were found where a single tensor goes on, and named by the size of their maps"


def name_blocks(graph: LayerGraph) -> None:
    """Put the nodes of a network without blocks into those that its structure shows, and note so.

    Where nothing made before a tensor is read behind it, the network is cut. What lies between two cuts is a block if
    it branches; the layers of a chain are one block as long as their maps keep their size, and activations, norms and
    copies behind a block belong to it. A block is named by the size of the map it makes: ``28x28.block2``. A network
    that is one block has none.
    """
    if any(node.block for node in graph):
        return
    blocks = _blocks(graph)
    if len(blocks) < 2:
        return
    counted: Counter[str] = Counter()
    named: dict[str, str] = {}
    for nodes in blocks:
        stage = _size(nodes[-1])
        counted[stage] += 1
        named |= dict.fromkeys((node.name for node in nodes), f"{stage}.block{counted[stage]}")
    graph.put_in_blocks(named)
    graph.notes = (*graph.notes, NOTE.format(count=len(blocks)))


def _blocks(graph: LayerGraph) -> list[list[Node]]:
    blocks: list[list[Node]] = []
    chain = False  # whether the last block is one
    for unit in _units(graph):
        branches = sum(_computes(node) for node in unit) > 1
        goes_on = blocks and _size(blocks[-1][-1]) == _size(unit[-1])
        if goes_on and not branches and (chain or not _is_own(graph, unit)):
            blocks[-1] += unit
        else:
            blocks.append(unit)
            chain = not branches
    return blocks


def _units(graph: LayerGraph) -> list[list[Node]]:
    """The nodes between cuts; network inputs and stored tensors are in none."""
    nodes = [node for node in graph if _computes(node)]
    place = {node.name: at for at, node in enumerate(nodes)}
    last = [max((place[reader.name] for reader in graph.consumers(node.name)), default=len(nodes)) for node in nodes]
    given = [
        place[reader.name] for node in graph.inputs for reader in graph.consumers(node.name) if reader.name in place
    ]
    open_until = accumulate(last, max, initial=max(given, default=0))  # of what is made before each
    cuts = [until <= at for at, until in zip(range(len(nodes)), open_until, strict=False)]
    number = accumulate(cuts, initial=0)
    return [[node for node, _ in run] for _, run in groupby(zip(nodes, number, strict=False), key=lambda pair: pair[1])]


def _computes(node: Node) -> bool:
    return bool(node.inputs) and not isinstance(node.layer, Constant)


def _is_own(graph: LayerGraph, unit: list[Node]) -> bool:
    """Whether a single layer begins a block: it multiplies, or pools over a map."""
    return any(graph.loop_nest(node).macs > 0 or isinstance(node.layer, Pool2d) for node in unit)


def _size(node: Node) -> str:
    spatial = node.shape[2:] if len(node.shape) > 3 else ()
    return "x".join(map(str, spatial)) if any(side > 1 for side in spatial) else "vectors"
