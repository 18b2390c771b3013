"""What one node of an exported graph says: its op, its arguments, and where in the user's code and modules it is."""

from __future__ import annotations

import re
from typing import Any

from torch.fx import Node
from torch.fx.node import map_arg

from costsim.graph import Tensor
from costsim.graph.layergraph import SourceLine
from costsim.importers.writer import Stored

_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
"""A frame of a stack as Python prints it."""


def op_name(target: Any) -> str:
    """``conv2d`` of ``aten.conv2d.default``; in-place ops like those that are not."""
    name = getattr(target, "_schema", None) and target._schema.name.split("::")[-1]
    return name.rstrip("_") if name else str(getattr(target, "__name__", target))


def arguments_of(node: Any, values: dict[Node, Any]) -> dict[str, Any]:
    """Arguments by the schema's names, with defaults, nodes replaced by their values."""
    given = map_arg(node.args, lambda n: values[n])
    named = map_arg(node.kwargs, lambda n: values[n])
    found: dict[str, Any] = {}
    for index, argument in enumerate(node.target._schema.arguments):
        if index < len(given):
            found[argument.name] = given[index]
        else:
            found[argument.name] = named.get(argument.name, argument.default_value)
    return found


def exchanged(arguments: dict[str, Any], one: Stored, other: Tensor) -> dict[str, Any]:
    """The arguments with a tensor of the graph in the place of a stored one."""

    def given(argument: Any) -> Any:
        if isinstance(argument, (list, tuple)):
            return [given(part) for part in argument]
        return other if argument is one else argument

    return {name: given(argument) for name, argument in arguments.items()}


def is_several(node: Node) -> bool:
    return isinstance(node.meta.get("val"), (list, tuple))


def source_line(node: Node) -> SourceLine | None:
    """The innermost line of the user's code that called the op, as the export wrote it down."""
    frames = _FRAME.findall(node.meta.get("stack_trace") or "")
    own = [frame for frame in frames if "/torch/" not in frame[0]] or frames
    return SourceLine(own[-1][0], int(own[-1][1])) if own else None


def module_path(node: Node) -> str:
    """Dotted path of the innermost module a node comes from."""
    stack = node.meta.get("nn_module_stack") or {}
    path = str(list(stack.values())[-1][0]) if stack else ""
    return path.removeprefix("L['self']").removeprefix(".")
