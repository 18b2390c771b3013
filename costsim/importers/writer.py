"""What all importers share: tensors of a file become tensors of the graph, and errors say where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from typing import Any, TypeAlias, cast

from costsim.errors import InputError, shortened
from costsim.graph import LayerGraph, Node, Tensor
from costsim.graph import layers as L
from costsim.graph.layergraph import Origin, SourceLine
from costsim.graph.layers import Layer, Shape
from costsim.graph.quantised import QUANTISED
from costsim.importers.formats import FLOAT, INT8, Formats
from costsim.tables.optable import MAC

MOST_NAMED = 8
"""Types of unknown ops that a note names."""


@dataclass(frozen=True, eq=False)
class Stored:
    """A tensor the file holds: a weight, known by its shape, or a small constant with its values."""

    shape: tuple[int, ...]
    trainable: bool = True
    values: Any = None
    """A NumPy array, or None where only the shape is known."""
    elem_type: int = 1
    """ONNX's number of the element type; 1 is fp32."""
    parameters: Mapping[Hashable, int] | None = None
    """Where the source knows them: the parameters it is made of, with their elements. None: it is itself one."""
    filled: bool = False
    """It is one number throughout, filled in when the network runs."""

    @property
    def elements(self) -> int:
        return prod(self.shape)


Value: TypeAlias = Tensor | Stored


class GraphWriter:
    """Writes a ``LayerGraph`` from the nodes of a file.

    Everything added inside ``with writer.node(...)`` belongs to that node of the file: its first
    layer carries the node's name, further ones ``name.part``, and an error names file and node.
    """

    def __init__(self, name: str, *, source: str, where: str) -> None:
        self.graph = LayerGraph(name, source=source)
        self.where = where
        self._scopes: list[dict[str, Value]] = [{}]
        self._names: Counter[str] = Counter()
        self._constants: dict[int, tuple[Stored, Tensor]] = {}
        self._stored_names: dict[int, tuple[Stored, str]] = {}
        self._weights: dict[int, Stored] = {}
        self._learned: dict[Hashable, int] = {}
        self._learning: set[str] = set()
        """Layers whose parameters are known by what they are made of."""
        self._notes: list[str] = []
        self.line: SourceLine | None = None
        """The line of code the current node comes from, where the importer knows it."""
        self.origin: Origin | None = None
        """The call of the file that is being read."""
        self._lines: dict[str, SourceLine] = {}
        self._node, self._block = "", ""
        self._formats, self._dtype = Formats(), cast("str | None", None)
        self._one_scale: bool | None = None
        self.shape_ops: list[str] = []
        """Ops of the file that left no layer, since shapes and constants alone tell what they make."""

    @contextmanager
    def node(self, name: str, op_type: str, block: str = "") -> Iterator[None]:
        """Layers added inside come from this node; whatever is wrong with it is said of it."""
        outer = self._node, self._block
        self._node, self._block = name, block
        where = f"{self.where}: {op_type} '{name}'"
        try:
            yield
        except InputError as error:
            if error.where.startswith(f"{self.where}: "):  # a node within this one has said so already
                raise
            raise InputError(error.what, where=where, mend=error.mend) from error
        except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError) as error:
            text = f"{type(error).__name__} {error}".splitlines()[0]
            raise InputError(f"its attributes make no sense: {text}", where=where, mend="check the file") from error
        finally:
            self._node, self._block = outer

    def add(self, layer: Layer, *inputs: Tensor, part: str = "") -> Tensor:
        """Append a layer of the current node; ``part`` names a helper layer beside the main one."""
        name = f"{self._node}.{part}" if part else self._node
        if name in self.graph:
            name = self._free_name(f"{self._node}.{part or layer.op}")
        node = self.graph.add(layer, *(t.name for t in inputs), name=name, block=self._block)
        if self._dtype and node.placed.nest.kind == MAC:
            self.graph.replace(name, replace(layer, dtype=self._dtype, one_scale=self._one_scale))
        if self.line:
            self._lines[node.name] = self.line
        if self.origin:
            self.graph.origins[node.name] = (self.origin,)
        return Tensor(node.name, node.shape)

    def unknown(
        self, type_name: str, inputs: Iterable[Tensor], shape: Shape, weight_elems: int = 0, flops: int = 0
    ) -> Tensor:
        """Keep an op that has no model: its bytes and the given arithmetic count, and a note will name it."""
        return self.add(L.Unknown(type_name, shape, weight_elems, flops), *inputs)

    def constant(self, stored: Stored) -> Tensor:
        """A stored tensor as an operand of its own; the same one is added once."""
        if id(stored) not in self._constants:
            layer = L.Constant(stored.shape or (1,), stored.trainable)
            made = self.add(layer, part="constant")
            self._constants[id(stored)] = stored, made
            if id(stored) in self._stored_names:
                self.graph.tensors[made.name] = self._stored_names[id(stored)][1]
        return self._constants[id(stored)][1]

    def is_reused(self, stored: Stored) -> bool:
        """Whether another layer has had this weight before: detection heads share theirs between scales."""
        reused = id(stored) in self._weights
        self._weights[id(stored)] = stored
        return reused

    @contextmanager
    def multiplying(self, read: str | None, weights: str | None, one_scale: bool = False) -> Iterator[None]:
        """The layers added inside multiply values read in one format (None: floats) by weights in another, which have
        a scale for each output channel, or one for all.
        """
        outer = self._dtype, self._one_scale
        self._dtype, self._one_scale = self._formats.computed_in(self._node, read, weights), one_scale or None
        try:
            yield
        finally:
            self._dtype, self._one_scale = outer

    @contextmanager
    def learning(self, stored: Iterable[Stored]) -> Iterator[None]:
        """The layers added inside have the parameters behind these tensors, less those that layers before have.

        So a parameter counts once however often it is used, a fixed weight not at all, and a table as the table
        it is and not as what is looked up in it.
        """
        before = len(self.graph)
        yield
        fresh = {key: count for x in stored for key, count in (x.parameters or {}).items() if key not in self._learned}
        added = list(self.graph)[before:]
        self._learning.update(node.name for node in added)
        holding = [node for node in added if self.graph.params(node)]
        if not added or sum(self.graph.params(node) for node in holding) == sum(fresh.values()):
            self._learned |= fresh if added else {}
            return
        left = sum(fresh.values())
        for node in holding:
            count = min(left, self.graph.params(node))
            self.graph.replace(node.name, replace(node.layer, learned=count))
            left -= count
        if left:  # more than its weights: a table, a slope for all channels, a scale that is one number
            node = self.graph[(holding or added)[-1].name]
            self.graph.replace(node.name, replace(node.layer, learned=self.graph.params(node) + left))
        self._learned |= fresh

    @property
    def learned(self) -> Mapping[Hashable, int]:
        """The parameters that layers have so far."""
        return self._learned

    def note_difference(self, held: Mapping[Hashable, tuple[str, int]], holder: str) -> None:
        """Say which of the parameters that a source holds no layer has, and which layers have others.

        Args:
            held: what tells a parameter apart, to its name and its elements.
            holder: what holds them, "the file" for example.
        """
        unread = [(name, count) for key, (name, count) in held.items() if key not in self._learned]
        if unread:
            owners = [name.rpartition(".")[0] or name for name, _ in unread]
            total, missing = sum(count for _, count in held.values()), sum(count for _, count in unread)
            self.note(f"{holder} holds {total:,} parameters; {missing:,} of them reach no layer: {_listed(owners)}")
        beside = {node.name: count for node in self.graph if (count := self.graph.params(node))}
        beside = {name: count for name, count in beside.items() if name not in self._learning}
        if beside:
            extra = sum(beside.values())
            self.note(f"{extra:,} parameters of layers are none that {holder} holds: {_listed(beside)}")

    def hand_out(self, values: Iterable[Any]) -> None:
        """Say what the network's outputs are: of those, what layers read further on is marked as an output."""
        tensors = dict.fromkeys(value.name for value in values if isinstance(value, Tensor))
        for name in tensors:
            node = self.graph[name]
            if self.graph.reader_count(name) and not isinstance(node.layer, (L.Input, L.Constant)):
                with self.node(name, "output", node.block):
                    self.add(L.Output(), Tensor(name, node.shape), part="output")

    def bind(self, tensor: str, value: Value) -> None:
        """Say what a tensor of the file is.

        Raises:
            InputError: something else already wrote a tensor of this name.
        """
        if tensor in self._scopes[-1]:
            raise InputError(f"writes '{tensor}', which is already there", mend="name every tensor once")
        self._scopes[-1][tensor] = value
        self.called(tensor, value)

    def called(self, tensor: str, value: Any) -> None:
        """Remember what the file calls a tensor of the graph; of several names that it has there, the first."""
        if isinstance(value, Tensor):
            self.graph.tensors.setdefault(value.name, tensor)
        elif isinstance(value, Stored):
            self._stored_names.setdefault(id(value), (value, tensor))

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Tensors bound inside are those of a graph within the graph: it reads what is outside, and is gone after."""
        self._scopes.append({})
        try:
            yield
        finally:
            self._scopes.pop()

    def __getitem__(self, tensor: str) -> Value:
        for scope in reversed(self._scopes):
            if tensor in scope:
                return scope[tensor]
        raise InputError(
            f"reads '{tensor}', which nothing before it writes",
            mend="the file is cut short, cyclic or out of order; export it again",
        )

    def tensor(self, name: str) -> Tensor:
        """What ``name`` is bound to, as a tensor of the graph."""
        value = self[name]
        return value if isinstance(value, Tensor) else self.constant(value)

    def __contains__(self, tensor: str) -> bool:
        return any(tensor in scope for scope in self._scopes)

    def note(self, text: str) -> None:
        """Something to be said beside every result of this network; said once."""
        if text not in self._notes:
            self._notes.append(text)

    def finish(self, rewrite: Callable[[LayerGraph], LayerGraph] | None = None) -> LayerGraph:
        """The graph, as ``rewrite`` leaves it, with its notes.

        Raises:
            InputError: there is nothing in it, or nothing to feed it with.
        """
        if not self.graph.inputs:
            raise InputError("the network has no input", where=self.where, mend="export it with its input")
        if len(self.graph) == len(self.graph.inputs):
            raise InputError("the network has no layers", where=self.where, mend="check the file")
        graph = rewrite(self.graph) if rewrite else self.graph
        _tell_floats(graph)
        unpriced = _counted(node for node in graph.unknown if not getattr(node.layer, "flops", 0))
        priced = _counted(node for node in graph.unknown if getattr(node.layer, "flops", 0))
        notes = [f"unknown ops, bytes counted but not arithmetic: {unpriced}"] if unpriced else []
        notes += [f"ops without a layer of their own, bytes and arithmetic counted: {priced}"] if priced else []
        quantised = (QUANTISED,) if any(node.layer.dtype == INT8 for node in graph) else ()
        graph.notes = (*notes, *quantised, *self._notes, *self._formats.notes)
        graph.lines, graph.shape_ops = self._lines, tuple(self.shape_ops)
        return graph

    def _free_name(self, stem: str) -> str:
        if stem not in self.graph:
            return stem
        while True:
            self._names[stem] += 1
            name = f"{stem}_{self._names[stem] + 1}"
            if name not in self.graph:
                return name


def _counted(unknown: Iterable[Node]) -> str:
    """The types of some unknown ops, with how often there are more than one; of many types the first."""
    counts = Counter(shortened(getattr(node.layer, "type_name", "")) for node in unknown)
    named = [f"{op} ({count})" if count > 1 else op for op, count in sorted(counts.items())]
    return ", ".join(named[:MOST_NAMED]) + (f" and {more} more" if (more := len(named) - MOST_NAMED) > 0 else "")


def _listed(names: Iterable[str]) -> str:
    """The first few of some names, each once."""
    different = list(dict.fromkeys(names))
    return ", ".join(shortened(name) for name in different[:3]) + (", ..." if len(different) > 3 else "")


def _tell_floats(graph: LayerGraph) -> None:
    """Where some layers are said to compute in int8, the others that multiply are kept in floats."""
    if any(node.layer.dtype == INT8 for node in graph):
        for node in [node for node in graph if node.layer.dtype is None and node.placed.nest.kind == MAC]:
            graph.replace(node.name, replace(node.layer, dtype=FLOAT))
