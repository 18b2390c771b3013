"""Local functions of an ONNX model: how much they come to, before they are put in place of their calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from costsim.errors import InputError

if TYPE_CHECKING:
    from onnx import FunctionProto, ModelProto, NodeProto

MOST_NODES = 1_000_000
"""Nodes after inlining; the largest networks in use have some ten thousand."""

_Key = tuple[str, str, str]


def check_functions(model: ModelProto, where: str) -> None:
    """Refuse functions that cannot be inlined, or not within memory.

    Raises:
        InputError: a function that calls itself, a call with too many operands, more than ``MOST_NODES`` nodes.
    """
    if not model.functions:
        return
    functions = {(f.domain, f.name, f.overload): f for f in model.functions}
    sizes: dict[_Key, int] = {}
    open_calls: list[tuple[_Key, list[_Key]]] = []
    for key in functions:  # depth first, without recursion: chains may be long
        if key in sizes:
            continue
        open_calls.append((key, _called(functions[key].node, functions)))
        entered = {key}
        while open_calls:
            at, waiting = open_calls[-1]
            if not waiting:
                sizes[at] = _size(functions[at].node, sizes, where)
                entered.discard(at)
                open_calls.pop()
                continue
            then = waiting.pop()
            if then in entered:
                raise InputError(f"function '{then[1]}' calls itself", where=where, mend="export the model again")
            if then not in sizes:
                entered.add(then)
                open_calls.append((then, _called(functions[then].node, functions)))
    _size(model.graph.node, sizes, where)
    for nodes in (model.graph.node, *(f.node for f in model.functions)):
        _check_operands(nodes, functions, where)


def _called(nodes: Iterable[NodeProto], functions: dict[_Key, FunctionProto]) -> list[_Key]:
    return list({_key(node): None for node in _all(nodes) if _key(node) in functions})


def _size(nodes: Iterable[NodeProto], sizes: dict[_Key, int], where: str) -> int:
    size = sum(sizes.get(_key(node), 1) for node in _all(nodes))
    if size > MOST_NODES:
        raise InputError(f"its functions come to more than {MOST_NODES:,} nodes", where=where, mend="export it without")
    return size


def _check_operands(nodes: Iterable[NodeProto], functions: dict[_Key, FunctionProto], where: str) -> None:
    for node in _all(nodes):
        function = functions.get(_key(node))
        if function and (len(node.input) > len(function.input) or len(node.output) > len(function.output)):
            raise InputError(
                f"'{node.name or node.op_type}' calls function '{function.name}' with too many operands",
                where=where,
                mend="export the model again",
            )


def _all(nodes: Iterable[NodeProto]) -> Iterable[NodeProto]:
    """The nodes and those of the graphs within them."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _all(graph.node)


def _key(node: NodeProto) -> _Key:
    return node.domain, node.op_type, node.overload
