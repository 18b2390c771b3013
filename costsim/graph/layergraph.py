"""A network: layers, the tensors between them, and the blocks its author thinks in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from itertools import takewhile
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from costsim.errors import InputError, shortened
from costsim.graph.layers import Input, Layer, LoopNest, Shape, Unknown
from costsim.graph.placed import Misplaced, Placed, place

if TYPE_CHECKING:
    import networkx as nx


class Node(NamedTuple):
    """One layer of a network. A node has one output tensor, which carries the node's name."""

    name: str
    placed: Placed
    """The layer between the shapes of its tensors."""
    inputs: tuple[str, ...]
    """Names of the nodes it reads, in the order the layer expects them."""
    block: str
    """Dotted path, outermost first: ``stage2.unit1``."""

    @property
    def layer(self) -> Layer:
        return self.placed.layer

    @property
    def shape(self) -> Shape:
        """Of the output tensor."""
        return self.placed.output


class SourceLine(NamedTuple):
    """A line of code."""

    file: str
    line: int


class Held(NamedTuple):
    """A tensor of a file, as an argument of a call."""

    name: str
    stored: bool
    """Whether the file holds its values, or what they are computed from; else the network makes it."""


class Origin(NamedTuple):
    """A call of a file, in the file's own words."""

    op: str
    arguments: Mapping[str, Any]
    """Numbers, words and lists by name, tensors as ``Held``; ``inputs`` are those that a format tells by position."""


class LayerGraph:
    """A directed acyclic graph of layers, built in topological order.

    It gives an ``nx.DiGraph`` and never is one: edges carry no operand order, so the nodes do.
    Shapes are inferred and checked when a layer is added.
    """

    def __init__(self, name: str, *, source: str = "python", notes: tuple[str, ...] = ()) -> None:
        self.name = name
        self.source = source
        """Where the network comes from: zoo, onnx, torch, ncnn, json, python."""
        self.notes = notes
        """What its author wants said beside every result: unpublished widths, unknown ops."""
        self.valid: Any = True
        """False, or an array with one flag per point, where the dimensions are impossible."""
        self.file = ""
        """The file it was read from, if it was."""
        self.lines: dict[str, SourceLine] = {}
        """Nodes to the line of code they come from, where whoever read the network knows it."""
        self.origins: dict[str, tuple[Origin, ...]] = {}
        """Nodes to the calls of a file that they come from, in its order, where whoever read it knows them."""
        self.tensors: dict[str, str] = {}
        """Nodes to what the file calls the tensor they make."""
        self.shape_ops: tuple[str, ...] = ()
        """Ops of the file that work out shapes alone, in its words: an interpreter keeps them, a compiler does not."""
        self._nodes: dict[str, Node] = {}
        self._readers: dict[str, list[str]] = {}

    def add(self, layer: Layer, *inputs: str, name: str, block: str = "") -> Node:
        """Append a layer that reads the named nodes.

        Raises:
            InputError: the name is taken, an input is not there, or the shapes do not fit.
        """
        nodes = self._nodes
        if name in nodes:
            raise self._refused("the name is used twice", name, "name every layer once")
        try:
            shapes = [nodes[read].placed.output for read in inputs]
        except KeyError as missing:
            raise self._refused(f"reads {missing}, which is not there", name, "add its inputs first") from None
        try:
            placed = place(layer, *shapes)
        except Misplaced as problem:
            raise self._refused(problem.what, name, problem.mend) from None
        except InputError as problem:
            raise problem.at(f"{self.name}: {name}") from None
        if placed.valid is not True:
            self.valid = self.valid & placed.valid
        node = nodes[name] = tuple.__new__(Node, (name, placed, inputs, block))
        self._readers[name] = []
        for read in inputs if len(inputs) < 2 else dict.fromkeys(inputs):
            self._readers[read].append(name)
        return node

    def put_in_blocks(self, blocks: Mapping[str, str]) -> None:
        """Say which block each of these nodes belongs to."""
        self._nodes |= {name: self._nodes[name]._replace(block=block) for name, block in blocks.items()}

    def repeat(self, block: str, names: Iterable[str], old: str, made: str) -> str:
        """Append the last block again and again, under other names: sooner made than layer by layer.

        Args:
            block: dotted path of the nodes to copy, the last of the graph.
            names: dotted paths of the copies.
            old: a tensor the block reads; a copy reads what the block before it made. Any other tensor from outside is
                read again.
            made: what the block makes; of the shape of ``old``.

        Returns:
            What the last copy makes.

        Raises:
            InputError: the two tensors differ in shape, or a name is taken.
        """
        nodes, readers, cut = self._nodes, self._readers, len(block)
        if nodes[old].shape != nodes[made].shape:
            raise self._refused(f"{made} has not the shape of {old}", block, "write the block anew")
        path = f"{block}."
        inside = list(takewhile(lambda node: f"{node.block}.".startswith(path), reversed(nodes.values())))
        copies = [(node.name, node.name[cut:], node.placed, node.inputs, node.block[cut:]) for node in reversed(inside)]
        new = made
        for name in names:
            copied = {old: new}
            for own, suffix, placed, inputs, within in copies:
                copied[own] = copy = name + suffix
                if copy in nodes:
                    raise self._refused("the name is used twice", copy, "name every layer once")
                if len(inputs) == 1:
                    (read,) = inputs
                    reads: tuple[str, ...] = (copied.get(read, read),)
                    readers[reads[0]].append(copy)
                else:
                    reads = tuple([copied.get(read, read) for read in inputs])
                    for read in dict.fromkeys(reads):
                        readers[read].append(copy)
                nodes[copy] = tuple.__new__(Node, (copy, placed, reads, name + within))
                readers[copy] = []
            new = copied[made]
        return new

    def replace(self, name: str, layer: Layer) -> None:
        """Put another layer in the place of one, between the same tensors.

        Raises:
            InputError: it makes another shape.
        """
        node = self[name]
        placed = place(layer, *node.placed.inputs)
        if placed.output != node.shape:
            raise self._refused(f"makes {placed.output} in the place of {node.shape}", name, "keep the shape")
        self._nodes[name] = node._replace(placed=placed)

    def _refused(self, what: str, name: str, mend: str) -> InputError:
        return InputError(what, where=f"{self.name}: {name}", mend=mend)

    def __getitem__(self, name: str) -> Node:
        return self._nodes[name]

    def __contains__(self, name: object) -> bool:
        """Whether a node has this name."""
        return name in self._nodes

    def __iter__(self) -> Iterator[Node]:
        """Nodes in topological order: the order they were added in."""
        return iter(self._nodes.values())

    def __len__(self) -> int:
        return len(self._nodes)

    @property
    def distinct_placed(self) -> set[Placed]:
        """Its layers between their shapes, each once however often its blocks repeat."""
        return set(map(attrgetter("placed"), self._nodes.values()))

    def __repr__(self) -> str:
        return f"<LayerGraph {self.name}: {len(self)} layers, input {_text(self.input_shape)}>"

    def consumers(self, name: str) -> tuple[Node, ...]:
        """The nodes that read this node's output."""
        return tuple(self[reader] for reader in self._readers[name])

    def reader_count(self, name: str) -> int:
        """How many nodes read this node's output."""
        return len(self._readers[name])

    @property
    def inputs(self) -> tuple[Node, ...]:
        return tuple(node for node in self if node.placed.op == Input.op)

    @property
    def outputs(self) -> tuple[Node, ...]:
        return tuple(node for node in self if not self._readers[node.name])

    @property
    def unknown(self) -> tuple[Node, ...]:
        """The layers costsim has no model for: their bytes are counted, their arithmetic is not."""
        return tuple(node for node in self if isinstance(node.layer, Unknown))

    @property
    def input_shape(self) -> Shape:
        inputs = self.inputs
        return inputs[0].shape if inputs else ()

    def loop_nest(self, node: Node) -> LoopNest:
        """The loops of one layer in its place."""
        return node.placed.nest

    def input_shapes(self, node: Node) -> tuple[Shape, ...]:
        return node.placed.inputs

    def params(self, node: Node) -> Any:
        """Trainable parameters of one layer."""
        return node.placed.params

    @property
    def total_params(self) -> Any:
        return sum(self.params(node) for node in self)

    @property
    def total_macs(self) -> Any:
        """Exact multiply-accumulates of all convolutions, fully connected layers and products."""
        return sum(self.loop_nest(node).macs for node in self)

    def renamed(self, name: str) -> LayerGraph:
        """The same network under another name; the nodes are shared."""
        other = copy(self)
        other.name = name
        return other

    def same_layers(self, other: LayerGraph) -> bool:
        """Whether the two compute the same way: equal layers and connections in one order, whatever their names."""
        return self._wiring() == other._wiring()

    def _wiring(self) -> list[tuple[Any, ...]]:
        number = {node.name: index for index, node in enumerate(self)}
        return [(node.layer, node.shape, *(number[read] for read in node.inputs)) for node in self]

    def with_input(self, *shape: int) -> LayerGraph:
        """The same network for another input shape; every tensor is inferred anew.

        Raises:
            InputError: the network has several inputs, or the shape does not pass through it.
        """
        if len(self.inputs) != 1:
            raise InputError(
                f"has {len(self.inputs)} inputs; only one can be given a new shape",
                where=self.name,
                mend="give the batch alone, or build it for other sizes",
            )
        return self.with_inputs({self.inputs[0].name: shape})

    def with_inputs(self, shapes: Mapping[str, Shape]) -> LayerGraph:
        """The same network with other shapes of the named inputs.

        Raises:
            InputError: the shapes do not pass through it.
        """
        resized = LayerGraph(self.name, source=self.source, notes=self.notes)
        resized.file, resized.lines = self.file, self.lines
        resized.origins, resized.tensors, resized.shape_ops = self.origins, self.tensors, self.shape_ops
        for node in self:
            layer = Input(shapes[node.name]) if node.name in shapes else node.layer
            try:
                resized.add(layer, *node.inputs, name=node.name, block=node.block)
            except InputError as error:
                text = shortened(", ".join("x".join(map(str, shape)) for shape in shapes.values()))
                raise InputError(
                    f"an input of {text} does not pass through it: {error.what}",
                    where=error.where,
                    mend=f"it was made for {'x'.join(str(d) for d in self.input_shape)}",
                ) from None
        return resized

    def with_batch(self, n: Any) -> LayerGraph:
        """The same network for another batch size, or several side by side as an array.

        It is that of all inputs whose first dimension is that of the first.
        """
        before = self.input_shape[0]
        if np.ndim(n) == 0 and np.ndim(before) == 0 and n == before:
            return self
        batched = [node for node in self.inputs if np.array_equal(node.shape[0], before)]
        return self.with_inputs({node.name: (n, *node.shape[1:]) for node in batched})

    def to_networkx(self, attributes: Mapping[str, Mapping[str, Any]] | None = None) -> nx.DiGraph[str]:
        """A plain DiGraph that ``costsim.analyze`` and ``costsim.graph.from_networkx`` take again.

        A node a layer with ``op``, the layer's fields, ``block``, ``output_shape``, ``params``, ``macs``, ``flops``
        and whatever ``attributes`` (by node name) adds to them; an edge has the ``index`` of the operand it is.
        All are numbers, flags or text, so that networkx writes them as node-link JSON, GraphML and GEXF.
        """
        from costsim.graph.digraph import to_networkx  # which makes layer graphs in its turn

        return to_networkx(self, attributes or {})


def _text(shape: Shape) -> str:
    return "x".join(str(d) for d in shape)
