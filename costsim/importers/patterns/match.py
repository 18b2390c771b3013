"""What a pattern answers, and the questions all patterns ask."""

from __future__ import annotations

from typing import TypeAlias

from costsim.graph import LayerGraph, Node
from costsim.graph import layers as L
from costsim.graph.layers import Layer

Match: TypeAlias = tuple[Layer, tuple[str, ...], set[str]]
"""The layer that replaces a chain's last node, what it reads, and the other nodes of the chain."""


def before(graph: LayerGraph, node: Node) -> Node | None:
    """The node this one reads, if it reads one only and is its only reader."""
    return only_read_here(graph, node.inputs[0]) if len(node.inputs) == 1 else None


def only_read_here(graph: LayerGraph, name: str) -> Node | None:
    return graph[name] if len(graph.consumers(name)) == 1 else None


def is_activation(node: Node | None, *functions: str) -> bool:
    return node is not None and isinstance(node.layer, L.Activation) and node.layer.function in functions


def is_scalar_op(node: Node | None, *functions: str) -> bool:
    """Arithmetic with one number: a tensor in, the same shape out, nothing stored."""
    if node is None or not isinstance(node.layer, L.Arithmetic) or len(node.inputs) != 1:
        return False
    return node.layer.function in functions and not node.layer.const_elems
