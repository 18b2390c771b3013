"""Edits of what computes little: element-wise ops dropped, copies turned into strided access."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from costsim.edit.rewrite import keep, rewrite
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Activation, Add, ChannelShuffle, Concat, Slice

STRIDEABLE = (Concat, Slice, ChannelShuffle)
"""Copies whose neighbours can read or write with a stride instead."""


def strided_access(graph: LayerGraph, names: Collection[str]) -> LayerGraph:
    """The same network whose splits, concatenations and shuffles are done by their neighbours'
    reads and writes. The function it computes stays the same.
    """
    return without_elementwise(graph, [name for name in names if isinstance(graph[name].layer, STRIDEABLE)])


def without_elementwise(graph: LayerGraph, names: Collection[str]) -> LayerGraph:
    """The network without the named activations and sums, its named copies strided.

    Whoever read a sum reads its last operand: the branch, in every network that writes
    ``x + f(x)``. Other layers are left as they are.
    """
    named = set(names)

    def write(new: LayerGraph, node: Node, inputs: tuple[str, ...]) -> str:
        if node.name not in named:
            return keep(new, node, inputs)
        if isinstance(node.layer, STRIDEABLE):
            layer: Any = replace(node.layer, strided=True)
            return keep(new, node, inputs, layer)
        same_shape = new[inputs[-1]].shape == node.shape
        return inputs[-1] if same_shape and is_droppable(node) else keep(new, node, inputs)

    return rewrite(graph, write)


def is_droppable(node: Node) -> bool:
    """An activation or a sum: leaving it out keeps all shapes."""
    return isinstance(node.layer, (Activation, Add))
