"""One pass over an exported graph: weights are known by shape, calls become layers."""

from __future__ import annotations

import operator
from typing import Any

from torch.export import ExportedProgram
from torch.fx import Node
from torch.fx.node import map_arg

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers.scopes import block_of, holders
from costsim.importers.torch.call import Call, values_in
from costsim.importers.torch.ops import BROADCASTING, OPS
from costsim.importers.writer import GraphWriter, Stored


def op_name(target: Any) -> str:
    """``conv2d`` of ``aten.conv2d.default``; in-place ops like those that are not."""
    name = getattr(target, "_schema", None) and target._schema.name.split("::")[-1]
    return name.rstrip("_") if name else str(target)


class Reader:
    """One pass over the exported graph."""

    def __init__(self, program: ExportedProgram, writer: GraphWriter) -> None:
        self.program = program
        self.writer = writer
        self.values: dict[Node, Any] = {}
        nodes = list(program.graph.nodes)
        self.paths = {node: _module_path(node) for node in nodes}
        self.holding = holders(self.paths.values())

    def run(self) -> None:
        signature = self.program.graph_signature
        trainable = set(signature.inputs_to_parameters)
        held = trainable | set(signature.inputs_to_buffers) | set(signature.inputs_to_lifted_tensor_constants)
        for node in self.program.graph.nodes:
            if node.op == "placeholder":
                self.values[node] = self._placeholder(node, node.name in held, node.name in trainable)
            else:
                self._run(node, self.program.graph_module)

    def _run(self, node: Node, owner: Any) -> None:
        if node.op == "call_function":
            self._call(node)
        elif node.op == "get_attr":  # a constant, or the body of a region
            held = operator.attrgetter(str(node.target))(owner)
            self.values[node] = Stored(tuple(held.shape), trainable=False) if hasattr(held, "shape") else held

    def _region(self, node: Any) -> Any:
        """The body of a region that only sets a mode (autocast, no_grad), in its place."""
        arguments = [self.values.get(a, a) if hasattr(a, "users") else a for a in node.args]
        at = next((i for i, a in enumerate(arguments) if hasattr(a, "graph")), None)
        if at is None or not str(node.target).startswith("wrap_with_"):
            raise InputError("control flow: what runs depends on the data", mend="export it without")
        body = arguments[at]
        inputs = iter(arguments[at + 1 :])
        for inner in body.graph.nodes:
            if inner.op == "placeholder":
                self.values[inner] = next(inputs)
            elif inner.op == "output":
                returned = inner.args[0]
                several = isinstance(returned, (list, tuple))
                return [self.values[n] for n in returned] if several else self.values[returned]
            else:
                self._run(inner, body)
        return None

    def _placeholder(self, node: Node, held: bool, trainable: bool) -> Any:
        value: Any = node.meta.get("val")
        if not hasattr(value, "shape"):
            return value
        if held:
            return Stored(tuple(value.shape), trainable)
        with self.writer.node(node.name, "input"):
            return self.writer.add(L.Input(tuple(int(d) for d in value.shape)))

    def _call(self, node: Any) -> None:
        path = self.paths.get(node) or _module_path(node)
        name = op_name(node.target)
        title = path if path and path not in self.holding else f"{path}.{name}".strip(".")
        with self.writer.node(title, name, block_of(path, self.holding)):
            if node.target is operator.getitem:
                source, index = node.args
                self.values[node] = self.values[source][index]
                return
            if not hasattr(node.target, "_schema"):
                self.values[node] = self._region(node)
                return
            self.values[node] = self._value(node, name)
            if node.target._schema.name.endswith("_"):
                self.values[node.args[0]] = self.values[node]

    def _value(self, node: Node, name: str) -> Any:
        arguments = _arguments(node, self.values)
        shapes = _shapes(node)
        if not shapes:
            return None  # a check of torch's own
        operands = list(values_in(arguments.values()))
        if not any(isinstance(x, Tensor) for x in operands):
            return _stored(node, shapes, any(x.trainable for x in operands))
        if name in ("expand", "expand_as") and all(op_name(user.target) in BROADCASTING for user in node.users):
            return operands[0]  # a view that its readers broadcast anyway
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

    def _unknown(self, node: Node, operands: list[Any], shapes: tuple[tuple[int, ...], ...]) -> Any:
        tensors = [x for x in operands if isinstance(x, Tensor)]
        weights = sum(x.elements for x in operands if isinstance(x, Stored) and x.trainable)
        made = []
        for shape in shapes:
            made.append(self.writer.unknown(str(node.target), tensors, shape or (1,), weights))
            weights = 0
        return made if _is_several(node) else made[0]


def _arguments(node: Any, values: dict[Node, Any]) -> dict[str, Any]:
    """Arguments by the schema's names, with defaults, nodes replaced by their values."""
    given = map_arg(node.args, lambda n: values[n])
    named = map_arg(node.kwargs, lambda n: values[n])
    found = {}
    for index, argument in enumerate(node.target._schema.arguments):
        if index < len(given):
            found[argument.name] = given[index]
        else:
            found[argument.name] = named.get(argument.name, argument.default_value)
    return found


def _shapes(node: Node) -> tuple[tuple[int, ...], ...]:
    value: Any = node.meta.get("val")
    results = value if isinstance(value, (list, tuple)) else [value]
    return tuple(tuple(int(d) for d in result.shape) for result in results if hasattr(result, "shape"))


def _is_several(node: Node) -> bool:
    return isinstance(node.meta.get("val"), (list, tuple))


def _stored(node: Node, shapes: tuple[tuple[int, ...], ...], trainable: bool) -> Any:
    """What is computed from weights or constants alone is stored, too."""
    made = [Stored(shape, trainable) for shape in shapes]
    return made if _is_several(node) else made[0] if made else None


def _module_path(node: Node) -> str:
    """Dotted path of the innermost module a node comes from."""
    stack = node.meta.get("nn_module_stack") or {}
    path = str(list(stack.values())[-1][0]) if stack else ""
    return path.removeprefix("L['self']").removeprefix(".")
