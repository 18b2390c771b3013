"""Chains of small ops that are one layer in their author's words.

Exporters take layers apart: a channel shuffle becomes reshape, transpose, reshape; a swish becomes
a sigmoid and a product. Devices and guidelines speak of the whole, so the parts are put together
again. Nothing is recognised by name, and a part that anybody else reads is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from costsim.graph import LayerGraph, Node
from costsim.importers.patterns import activations, weights
from costsim.importers.patterns.match import Match

PATTERNS: tuple[Callable[[LayerGraph, Node], Match | None], ...] = (
    activations.channel_shuffle,
    activations.gated,
    activations.hard_sigmoid,
    activations.hard_swish_divided_last,
    activations.gelu,
    weights.layer_norm,
    weights.learned_norm,
    weights.scaled_batch_norm,
    weights.local_response_norm,
    weights.bias,
)


def simplify(graph: LayerGraph) -> LayerGraph:
    """The graph with every recognised chain as one layer, named like the module the chain is, or like its last node."""
    while (simpler := _pass(graph)) is not graph:
        graph = simpler
    return graph


def _pass(graph: LayerGraph) -> LayerGraph:
    gone: set[str] = set()
    replaced: dict[str, Match] = {}
    for node in graph:
        for pattern in PATTERNS:
            match = pattern(graph, node)
            if match and not (match[2] | {node.name} | set(match[1])) & gone and node.name not in replaced:
                replaced[node.name] = match
                gone |= match[2]
                break
    if not replaced:
        return graph
    simpler = LayerGraph(graph.name, source=graph.source, notes=graph.notes)
    names: dict[str, str] = {}
    order = {node.name: place for place, node in enumerate(graph)}
    for node in graph:
        if node.name not in gone:
            layer, inputs, members = replaced.get(node.name, (node.layer, node.inputs, set()))
            chain = [node, *(graph[member] for member in members)]
            if any(part.layer.learned is not None for part in chain):  # stated, so the whole has those of its parts
                layer = replace(layer, learned=sum(graph.params(part) for part in chain))
            names[node.name] = next((m for m in sorted(members) if node.name.startswith(f"{m}.")), node.name)
            simpler.add(layer, *(names[i] for i in inputs), name=names[node.name], block=node.block)
            _come_from(simpler, names[node.name], graph, sorted(chain, key=lambda part: order[part.name]), node)
    return simpler


def _come_from(simpler: LayerGraph, name: str, graph: LayerGraph, chain: list[Node], last: Node) -> None:
    """A chain is all the calls that its nodes are, and makes the tensor that its last one makes."""
    calls = {id(call): call for part in chain for call in graph.origins.get(part.name, ())}
    if calls:
        simpler.origins[name] = tuple(calls.values())
    if last.name in graph.tensors:
        simpler.tensors[name] = graph.tensors[last.name]
