"""Which channel counts of a network are free, and the network with others in their place.

The convolutions that write a tensor set its channels. One whose output meets an earlier tensor in
an element-wise op *follows* that tensor; every other one is free. Depthwise convolutions, norms,
activations, pools and slices take the channels they are given.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from costsim.edit.rewrite import is_depthwise, keep, rewrite, ties_widths
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Concat, Conv2d, Dim, Layer, Slice
from costsim.tables.words import word


@dataclass(frozen=True)
class FreeWidth:
    """The output channels of a convolution that nothing else prescribes."""

    name: str
    channels: int
    total: int
    """Channels of the concatenation its output ends in, or its own."""
    concat: str | None
    """That concatenation, if this is the only free width in it: the convolution then makes up
    what the other operands leave of a width given for the whole."""


@dataclass(frozen=True)
class Plan:
    """New widths, and new layers, for some nodes of a graph. Numbers may be arrays."""

    channels: Mapping[str, Dim]
    """Free width to its new channels, or to those of the concatenation it makes up."""
    concats: Mapping[str, str] = field(default_factory=dict)
    """Free width to the concatenation it makes up."""
    layers: Mapping[str, Layer] = field(default_factory=dict)
    """Put in place before widths are set. One that replaces a depthwise convolution follows its
    input like that one did, its channels per group fixed."""


class Widths:
    """The free widths of a graph, and the graph with others."""

    def __init__(self, graph: LayerGraph) -> None:
        self.graph = graph
        self._position = {node.name: index for index, node in enumerate(graph)}

    @cached_property
    def follows(self) -> dict[str, str]:
        """Convolution to the tensor whose channels it has to match; to itself where it cannot change."""
        follows: dict[str, str] = {}
        for node in self.graph:
            if not ties_widths(node) or any(len(self.graph[i].shape) < 2 for i in node.inputs):
                continue
            widest = max(self.graph[i].shape[1] for i in node.inputs)
            writers = {self.writer(i) for i in node.inputs if self.graph[i].shape[1] == widest}
            first, *later = sorted(writers, key=self._position.__getitem__)
            for writer in later:
                if self._sets_width(self.graph[writer]):
                    follows.setdefault(writer, first)
                else:  # it cannot be changed, so neither can what it meets
                    self._freeze(first, follows)
                    self._freeze(writer, follows)
        return follows

    def _freeze(self, name: str, follows: dict[str, str]) -> None:
        node = self.graph[name]
        if self._sets_width(node):
            follows[name] = name
        elif isinstance(node.layer, (Concat, Slice)):
            for operand in node.inputs:
                self._freeze(self.writer(operand), follows)

    def writer(self, name: str) -> str:
        """The node that decides the channels of a tensor."""
        node = self.graph[name]
        if ties_widths(node):
            same = [i for i in node.inputs if self.graph[i].shape[1:2] == node.shape[1:2]]
            return self.writer(min(same, key=self._position.__getitem__)) if same else name
        return self.writer(node.inputs[0]) if self._passes(node) else name

    def decided_by(self, name: str) -> str:
        """The node whose channels a tensor has, through all that it has to match."""
        writer = self.writer(name)
        followed = self.follows.get(writer, writer)
        return writer if followed == writer else self.decided_by(followed)

    def free(self, names: Collection[str]) -> list[FreeWidth]:
        """The free widths among the named nodes; squeeze-excite (maps of one pixel) is left alone."""
        nodes = sorted((self.graph[name] for name in names), key=lambda node: self._position[node.name])
        free = [
            node
            for node in nodes
            if self._sets_width(node) and node.name not in self.follows and node.shape[2] * node.shape[3] > 1
        ]
        return [self._free_width(node, {other.name for other in free if other is not node}) for node in free]

    def _free_width(self, node: Node, others_free: set[str]) -> FreeWidth:
        readers = self.graph.consumers(node.name)
        while len(readers) == 1 and self._passes(readers[0]):
            readers = self.graph.consumers(readers[0].name)
        concat = readers[0] if len(readers) == 1 and isinstance(readers[0].layer, Concat) else None
        if concat is None:
            return FreeWidth(node.name, node.shape[1], node.shape[1], None)
        *others, last = map(self.writer, concat.inputs)
        makes_up = last == node.name and all(self._position[o] < self._position[last] for o in others)
        alone = makes_up and not others_free & set(others)
        return FreeWidth(node.name, node.shape[1], concat.shape[1], concat.name if alone else None)

    def _sets_width(self, node: Node) -> bool:
        return isinstance(node.layer, Conv2d) and not is_depthwise(self.graph, node)

    def _passes(self, node: Node) -> bool:
        same = bool(node.inputs) and node.shape[1:2] == self.graph[node.inputs[0]].shape[1:2]
        return same and (word(node.layer.op).keeps_channels or is_depthwise(self.graph, node))

    def apply(self, plan: Plan) -> LayerGraph:
        """The graph with the plan's widths and layers.

        Raises:
            InputError: the channels do not pass through the network, or its output would change.
        """
        return rewrite(
            self.graph, lambda new, node, inputs: keep(new, node, inputs, self._resized(plan, new, node, inputs))
        )

    def _resized(self, plan: Plan, new: LayerGraph, node: Node, inputs: tuple[str, ...]) -> Layer:
        layer = plan.layers.get(node.name, node.layer)
        if isinstance(layer, Conv2d):
            return replace(layer, **self._conv_channels(plan, new, node, layer, new[inputs[0]].shape[1]))
        if isinstance(layer, Slice) and layer.axis == 1 and layer.stop is not None:
            old_c, c = self.graph[node.inputs[0]].shape[1], new[inputs[0]].shape[1]
            return replace(layer, start=layer.start * c // old_c, stop=layer.stop * c // old_c)
        return layer

    def _conv_channels(self, plan: Plan, new: LayerGraph, node: Node, layer: Conv2d, c_in: Dim) -> dict[str, Dim]:
        if is_depthwise(self.graph, node):
            old_c_in = self.graph[node.inputs[0]].shape[1]
            groups = c_in // round(old_c_in / layer.groups)
            groups = groups + (groups == 0)  # points without channels are masked, not divided by
            return {"groups": groups, "out_channels": c_in * (node.shape[1] // old_c_in)}
        followed = self.follows.get(node.name, node.name)
        if followed != node.name:
            return {"out_channels": new[followed].shape[1]}
        if node.name not in plan.channels:
            return {}
        concat = plan.concats.get(node.name)
        others = self.graph[concat].inputs[:-1] if concat else ()
        return {"out_channels": plan.channels[node.name] - sum(new[self.writer(o)].shape[1] for o in others)}
