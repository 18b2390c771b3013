"""One pass over an exported graph: weights are known by shape, calls become layers."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from torch.export import ExportedProgram
from torch.fx import Node
from torch.fx.node import map_arg

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.graph.layergraph import Held, Origin
from costsim.graph.layers import Shape
from costsim.importers.scopes import block_of, holders
from costsim.importers.torch.assumed import DATA_DEPENDENT
from costsim.importers.torch.call import Call, values_in
from costsim.importers.torch.constants import Constants
from costsim.importers.torch.nodes import arguments_of, exchanged, is_several, module_path, op_name, source_line
from costsim.importers.torch.ops import BROADCASTING, MULTIPLYING, OPS
from costsim.importers.torch.regions import region
from costsim.importers.torch.sizes import Cut, DataDependent, Sizes
from costsim.importers.writer import GraphWriter, Stored


class Reader:
    """One pass over the exported graph."""

    def __init__(self, program: ExportedProgram, writer: GraphWriter, sizes: Sizes, boxes: int | None = None) -> None:
        self.program = program
        self.writer = writer
        self.sizes = sizes
        self.constants = Constants(program, sizes)
        self.values: dict[Node, Any] = {}
        self.boxes = boxes
        """Values that an op makes whose number the data decide; None: the network ends there."""
        self.cut: Cut | None = None
        self.folded: Counter[str] = Counter()
        nodes = list(program.graph.nodes)
        self.paths = {node: module_path(node) for node in nodes}
        self.holding = holders(self.paths.values())

    def run(self) -> None:
        signature = self.program.graph_signature
        parameters, tokens = signature.inputs_to_parameters, set(signature.input_tokens)
        held = {*parameters, *signature.inputs_to_buffers, *signature.inputs_to_lifted_tensor_constants}
        for node in self.program.graph.nodes:
            if node.name in tokens:
                self.values[node] = None  # keeps ops with effects in their order
            elif node.op == "placeholder":
                self.values[node] = self._placeholder(node, node.name in held, parameters.get(node.name))
                self.writer.called(self.name_of(node), self.values[node])
            elif node.op == "output":
                self.writer.hand_out(values_in([map_arg(node.args[0], lambda n: self.values[n])]))
            else:
                self.run_node(node, self.program.graph_module)
        if self.cut is not None:
            self.writer.note(self.cut.note())
        for op, macs in self.folded.items():
            self.writer.note(f"{macs:,} multiply-accumulates of {op} on constants alone run once, when it is loaded")

    def name_of(self, node: Node) -> str:
        """What the program calls a node; one of a region within it is told apart from those outside."""
        return node.name if node.graph is self.program.graph else f"region.{node.name}"

    def run_node(self, node: Node, owner: Any) -> None:
        """Read a node that is neither an input nor an output; ``owner`` holds its constants and the graphs within."""
        if node.op == "call_function":
            self._call(node)
        elif node.op == "get_attr":  # a constant, or the body of a region
            held = operator.attrgetter(str(node.target))(owner)
            fixed = hasattr(held, "shape")
            self.values[node] = Stored(tuple(held.shape), trainable=False, parameters={}) if fixed else held
            self.writer.called(self.name_of(node), self.values[node])

    def _placeholder(self, node: Node, held: bool, parameter: str | None) -> Any:
        value: Any = node.meta.get("val")
        if not hasattr(value, "shape"):
            return self.sizes.value(value)
        if held:
            key = identity(parameter, self.program.state_dict)
            stored = Stored(tuple(value.shape), parameter is not None)
            return replace(stored, parameters={} if parameter is None else {key: stored.elements})
        with self.writer.node(node.name, "input"):
            return self.writer.add(L.Input(self.sizes.shape(value) or (1,)))

    def _call(self, node: Any) -> None:
        path = self.paths.get(node) or module_path(node)
        name = op_name(node.target)
        title = path if path and path not in self.holding else f"{path}.{name}".strip(".")
        self.writer.line = source_line(node)
        with self.writer.node(title, name, block_of(path, self.holding)):
            if self._is_cut(node):
                self.values[node] = self.cut
                return
            if node.target is operator.getitem:
                self.values[node] = self._part(node)
                self.writer.called(self.name_of(node), self.values[node])
                return
            try:
                number = self.sizes.value(node.meta.get("val"))
            except DataDependent:
                number = None  # what reads it has a size that depends on the data
                if not hasattr(node.target, "_schema"):
                    self.values[node] = number
                    return
            if isinstance(number, (int, float, bool)):
                self.values[node] = number
                return
            if not hasattr(node.target, "_schema"):
                self.values[node] = region(self, node)
                return
            self.writer.origin = Origin(name, arguments_of(node, _Named(self)))
            self.values[node] = self._value(node, name)
            self.writer.origin = None
            self.writer.called(self.name_of(node), self.values[node])
            if node.target._schema.name.endswith("_"):
                self.values[node.args[0]] = self.values[node]

    def _part(self, node: Any) -> Any:
        """One of several results; a statistic that few networks read (a norm's mean) is unknown where it is read."""
        source, index = node.args
        value = self.values[source][index]
        if callable(value) and node.users:
            return value()
        made = node.meta.get("val")
        if value is None and node.users and hasattr(made, "shape") and made.numel():  # a token of effects has nothing
            tensors = [x for n in source.all_input_nodes if isinstance(x := self.values.get(n), Tensor)]
            shape = self.sizes.shape(made) or (1,)
            return self.writer.unknown(f"{op_name(source.target)} (further output)", tensors, shape)
        return value

    def _is_cut(self, node: Node) -> bool:
        """Whether a node stands behind an op whose size depends on the data, or is such an op."""
        if self.cut is not None and any(self.values.get(read) is self.cut for read in node.all_input_nodes):
            self.cut.behind(node)
            return True
        return False

    def _value(self, node: Node, name: str) -> Any:
        arguments = arguments_of(node, self.values)
        operands = list(values_in(arguments.values()))
        stored = [x for x in operands if isinstance(x, Stored)]
        try:
            shapes = self._shapes(node)
            if self.boxes is None and _is_assumed(node):
                raise DataDependent
        except DataDependent:
            return self.cut_at(node, name, "its size depends on the data", operands)
        if not shapes:
            return None  # a check of torch's own
        with self.writer.learning(stored):
            return self._layers(node, name, arguments, operands, shapes)

    def cut_at(self, node: Node, name: str, reason: str, operands: list[Any]) -> Cut:
        """End the network at a node, which is kept as unknown with what it reads."""
        shown = str(node.target) if hasattr(node.target, "_schema") and not _is_assumed(node) else name
        self.cut = self.cut or Cut(shown, node.name, reason)
        tensors = [x for x in operands if isinstance(x, Tensor)]
        with self.writer.learning(x for x in operands if isinstance(x, Stored)):
            if tensors:
                self.writer.unknown(f"{name} ({reason})", tensors, (1,))
        return self.cut

    def _shapes(self, node: Node) -> tuple[Shape, ...]:
        """Of a node's results.

        Raises:
            DataDependent: one of them is known only when it runs.
        """
        try:
            return _shapes(node, self.sizes)
        except DataDependent:
            if not self.constants.tell(node):
                raise
            return _shapes(node, self.sizes)

    def _layers(
        self, node: Node, name: str, arguments: dict[str, Any], operands: list[Any], shapes: tuple[Shape, ...]
    ) -> Any:
        """What the call makes: layers where it reads activations, a stored tensor where it reads constants alone."""
        if not any(isinstance(x, Tensor) for x in operands):
            filled = next((x for x in operands if x.filled), None)
            if filled is None or name not in MULTIPLYING:
                self._fold(name, arguments, shapes)
                return _stored(node, shapes, operands)
            arguments = exchanged(arguments, filled, self.writer.constant(filled))  # zeros made when it runs
        if name in ("expand", "expand_as") and all(op_name(user.target) in BROADCASTING for user in node.users):
            return operands[0]  # a view that its readers broadcast anyway
        if _is_assumed(node):
            self.writer.note(f"the data decide how many values {name} makes: {self.boxes} are assumed")
            tensors = [x for x in operands if isinstance(x, Tensor)]
            return self.writer.unknown(f"{name} ({self.boxes} values assumed)", tensors, shapes[0])
        handler = OPS.get(name)
        if handler is None:
            return self._unknown(node, operands, shapes)
        value = handler(Call(self.writer, name, arguments, shapes))
        for made, shape in zip(value if isinstance(value, list) else [value], shapes, strict=False):
            if isinstance(made, Tensor) and made.shape != (shape or (1,)):
                raise InputError(
                    f"inferred {made.shape}, torch says {shape}", mend="costsim misreads this op; report it"
                )
        return value

    def _fold(self, name: str, arguments: dict[str, Any], shapes: tuple[Shape, ...]) -> None:
        """Count what is multiplied on constants alone: runtimes do it once, when they load the network."""
        if name not in MULTIPLYING:
            return
        once = GraphWriter(name, source="torch", where=self.writer.where)
        first = next(values_in(arguments.values()))
        with once.node(name, name):
            OPS[name](Call(once, name, exchanged(arguments, first, once.constant(first)), shapes))
        self.folded[name] += once.graph.total_macs

    def _unknown(self, node: Node, operands: list[Any], shapes: tuple[Shape, ...]) -> Any:
        tensors = [x for x in operands if isinstance(x, Tensor)]
        weights = sum(x.elements for x in operands if isinstance(x, Stored) and x.trainable)
        made = []
        for shape in shapes:
            made.append(self.writer.unknown(str(node.target), tensors, shape or (1,), weights))
            weights = 0
        return made if is_several(node) else made[0]


def _is_assumed(node: Any) -> bool:
    """Whether the number of values a node makes was assumed while tracing."""
    namespace, _, name = str(node.target).partition(".")
    return namespace == "costsim" and name.split(".")[0] in DATA_DEPENDENT


class _Named(dict[Node, Any]):
    """What nodes of the graph are called, and whether their values are stored."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader

    def __missing__(self, node: Node) -> Held:
        return Held(self._reader.name_of(node), isinstance(self._reader.values.get(node), Stored))


def _shapes(node: Node, sizes: Sizes) -> tuple[Shape, ...]:
    value: Any = node.meta.get("val")
    results = value if isinstance(value, (list, tuple)) else [value]
    return tuple(sizes.shape(result) for result in results if hasattr(result, "shape"))


def identity(parameter: str | None, tensors: Any) -> Hashable:
    """What two names of one tensor have in common: its memory and where in it it begins."""
    held = tensors.get(parameter)
    if held is None:
        return parameter
    return held.untyped_storage()._cdata, held.storage_offset(), tuple(held.shape)


def _stored(node: Node, shapes: tuple[Shape, ...], operands: list[Stored]) -> Any:
    """What is computed from weights or constants alone is stored, too, and made of their parameters."""
    behind = {key: count for x in operands for key, count in (x.parameters or {}).items()}
    learned, filled = any(x.trainable for x in operands), bool(operands) and all(x.filled for x in operands)
    made = [Stored(shape, learned, parameters=behind, filled=filled) for shape in shapes]
    return made if is_several(node) else made[0] if made else None
