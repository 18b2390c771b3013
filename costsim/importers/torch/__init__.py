"""``torch.nn.Module``, through ``torch.export``; also its ``ExportedProgram`` and ``.pt2`` files.

The module is traced with fake tensors and left as it was found. Submodule names become blocks.
Every shape is checked against the one torch inferred. Needs the package torch (extra ``[torch]``).
"""

from __future__ import annotations

import logging
import operator
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costsim.errors import InputError
from costsim.graph import LayerGraph, Tensor
from costsim.graph import layers as L
from costsim.importers.importer import Importer
from costsim.importers.scopes import block_of, holders
from costsim.importers.writer import GraphWriter, Stored

if TYPE_CHECKING:
    from torch.export import ExportedProgram
    from torch.fx import Node
    from torch.nn import Module


def load_torch(
    source: Module | ExportedProgram | Path, input_size: tuple[int, ...] | None = None, batch: int | None = None
) -> LayerGraph:
    """The network in a module.

    Args:
        source: a module, an exported program, or the path of one saved as ``.pt2``.
        input_size: (channels, height, width) of the module's only input; a program knows its own.
        batch: images at a time; 1 if left out.

    Raises:
        InputError: torch is missing, or cannot trace the module; the size is missing or does not pass.
    """
    from costsim.importers.patterns import simplify

    program, name = _program(source, input_size, batch)
    program = _decomposed(program)
    reader = _Reader(program, GraphWriter(name, source="torch", where=name))
    reader.run()
    return reader.writer.finish(simplify)


def _program(source: Any, input_size: tuple[int, ...] | None, batch: int | None) -> tuple[ExportedProgram, str]:
    try:
        import torch
    except ImportError:
        raise InputError("reading torch modules needs the package torch", mend="pip install 'costsim[torch]'") from None
    if isinstance(source, Path):
        try:
            with _silent():
                program = torch.export.load(source)
        except Exception as error:  # torch raises what its unzipping and unpickling meet
            problem = str(error).splitlines()[0]
            raise InputError(
                f"not a saved program: {problem}", where=str(source), mend="torch.export.save it"
            ) from None
        return program, source.stem
    if not isinstance(source, torch.nn.Module):
        return source, "exported program"
    name = type(source).__name__
    if input_size is None:
        raise InputError("a module does not know its input", where=name, mend="give input_size=(3, 224, 224)")
    with _evaluating(source), _silent(), torch.no_grad():
        try:
            program = torch.export.export(source, (torch.zeros(batch or 1, *input_size),), strict=False)
        except Exception as error:  # whatever the module's own code raises for these sizes
            problem = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise InputError(
                f"cannot be traced: {problem.strip()}", where=name, mend="check the input size and data-dependent code"
            ) from error
    return program, name


@contextmanager
def _evaluating(module: Module) -> Iterator[None]:
    """The module in evaluation mode; afterwards every submodule is in the mode it was."""
    modes = {child: child.training for child in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for child, training in modes.items():
            child.training = training


@contextmanager
def _silent() -> Iterator[None]:
    """Without torch's warnings and log of its own insides: what matters is said as an error."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _decomposed(program: ExportedProgram) -> ExportedProgram:
    """Ops without a handler taken apart by torch, as far as it can; the others as they are."""
    from torch.export import default_decompositions

    from costsim.importers.torch.ops import OPS

    calls = {
        node.target
        for node in program.graph.nodes
        if node.op == "call_function" and node.target is not operator.getitem
    }
    strange = [target for target in calls if _name(target) not in OPS]
    table = default_decompositions()
    chosen = {target: table[target] for target in strange if target in table}
    implicit = [target for target in strange if getattr(target, "_can_decompose", bool)()]
    if not chosen and not implicit:
        return program
    with _silent():
        return program.run_decompositions(chosen)


def _name(target: Any) -> str:
    """``conv2d`` of ``aten.conv2d.default``; in-place ops like those that are not."""
    name = getattr(target, "_schema", None) and target._schema.name.split("::")[-1]
    return name.rstrip("_") if name else str(target)


class _Reader:
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
            elif node.op == "call_function":
                self._call(node)

    def _placeholder(self, node: Node, held: bool, trainable: bool) -> Any:
        value: Any = node.meta.get("val")
        if not hasattr(value, "shape"):
            return value
        if held:
            return Stored(tuple(value.shape), trainable)
        with self.writer.node(node.name, "input"):
            return self.writer.add(L.Input(tuple(int(d) for d in value.shape)))

    def _call(self, node: Node) -> None:
        path = self.paths[node]
        name = _name(node.target)
        title = path if path and path not in self.holding else f"{path}.{name}".strip(".")
        with self.writer.node(title, name, block_of(path, self.holding)):
            if node.target is operator.getitem:
                source, index = node.args
                self.values[node] = self.values[source][index]  # type: ignore[index]
                return
            self.values[node] = self._value(node, name)
            if node.target._schema.name.endswith("_"):  # type: ignore[union-attr]
                self.values[node.args[0]] = self.values[node]  # type: ignore[index]

    def _value(self, node: Node, name: str) -> Any:
        from costsim.importers.torch.call import Call, values_in
        from costsim.importers.torch.ops import OPS

        arguments = _arguments(node, self.values)
        shapes = _shapes(node)
        operands = list(values_in(arguments.values()))
        if not any(isinstance(x, Tensor) for x in operands):
            return _stored(node, shapes, any(x.trainable for x in operands))
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


def _arguments(node: Node, values: dict[Node, Any]) -> dict[str, Any]:
    """Arguments by the schema's names, with defaults, nodes replaced by their values."""
    from torch.fx.node import map_arg

    given = map_arg(node.args, lambda n: values[n])
    named = map_arg(node.kwargs, lambda n: values[n])
    found = {}
    for index, argument in enumerate(node.target._schema.arguments):  # type: ignore[union-attr]
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


def _accepts(source: object) -> bool:
    bases = {f"{base.__module__}.{base.__qualname__}" for base in type(source).__mro__}
    return bool(bases & {"torch.nn.modules.module.Module", "torch.export.exported_program.ExportedProgram"})


IMPORTER = Importer("torch", load=load_torch, suffixes=(".pt2",), accepts=_accepts)
