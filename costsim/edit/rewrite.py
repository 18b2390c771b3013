"""The one way a graph is edited: walk it, write something in each node's place, infer shapes anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from costsim.errors import InputError
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Arithmetic, Conv2d, Layer

Write = Callable[[LayerGraph, Node, tuple[str, ...]], str]
"""Given the graph so far, an old node and its operands' new names: adds what stands in its place
and returns the name of its output. A node that is dropped returns one of its operands."""


def rewrite(graph: LayerGraph, write: Write) -> LayerGraph:
    """A new graph; the old one is untouched.

    Raises:
        InputError: the shapes do not fit any more, or an output of the network changed its shape.
    """
    new = LayerGraph(graph.name, source=graph.source, notes=graph.notes)
    names: dict[str, str] = {}
    for node in graph:
        names[node.name] = write(new, node, tuple(names[i] for i in node.inputs))
    for node in graph.outputs:
        shape = new[names[node.name]].shape
        if len(shape) != len(node.shape) or not all(np.all(a == b) for a, b in zip(shape, node.shape, strict=True)):
            raise InputError("the edit changes the network's output", where=f"{graph.name}: {node.name}")
    return new


def keep(new: LayerGraph, node: Node, inputs: tuple[str, ...], layer: Layer | None = None) -> str:
    """Write the node as it was, or with another layer, under its own name and block."""
    return new.add(layer or node.layer, *inputs, name=node.name, block=node.block).name


def renamed(graph: LayerGraph, name: str | None = None, notes: tuple[str, ...] | None = None) -> LayerGraph:
    """The same network under another name or with other notes."""
    copy = LayerGraph(
        graph.name if name is None else name, source=graph.source, notes=graph.notes if notes is None else notes
    )
    for node in graph:
        keep(copy, node, node.inputs)
    return copy


def is_depthwise(graph: LayerGraph, node: Node) -> bool:
    """One input channel per group, and more than one group."""
    return isinstance(node.layer, Conv2d) and node.layer.groups == graph.input_shapes(node)[0][1] > 1


def is_grouped(graph: LayerGraph, node: Node) -> bool:
    """A group convolution that is not depthwise."""
    return isinstance(node.layer, Conv2d) and 1 < node.layer.groups < graph.input_shapes(node)[0][1]


def is_pointwise(node: Node) -> bool:
    """A 1x1 convolution over more than one pixel; squeeze-excite is not meant."""
    return isinstance(node.layer, Conv2d) and node.layer.kernel == (1, 1) and node.shape[2] * node.shape[3] > 1


def ties_widths(node: Node) -> bool:
    """An element-wise op of several tensors: their channels are equal, or 1."""
    return isinstance(node.layer, Arithmetic) and len(node.inputs) > 1
