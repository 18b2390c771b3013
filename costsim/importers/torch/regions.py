"""Graphs within an exported program: regions that set a mode, bodies that run for every step, branches.

What runs in any case is read in its place, once a step, with its weights counted once. Where the data decide which
branch runs, or how often, the network ends there for costsim.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.importers import steps
from costsim.importers.torch.call import values_in
from costsim.importers.torch.products import flexible_attention
from costsim.importers.writer import Stored

if TYPE_CHECKING:
    from costsim.importers.torch.reader import Reader

IN_PLACE = ("wrap", "tag_activation_checkpoint", "invoke_subgraph")
"""Beginnings of the names of what runs its body once: in a mode, with less memory while it learns, compiled once."""


def region(reader: Reader, node: Any) -> Any:
    """What a node that holds a graph makes."""
    name = str(node.target)
    given = [_resolved(reader, argument) for argument in node.args]
    if name == "flex_attention":
        return flexible_attention(reader.writer, *given[:3])
    if name == "with_effects":
        return _with_effects(reader, node, given)
    at = next((i for i, argument in enumerate(given) if hasattr(argument, "graph")), None)
    if at is not None and name.startswith(IN_PLACE):
        inputs = [x for x in given[at + 1 :] if not isinstance(x, str)]
        return run_body(reader, given[at], inputs)
    if at is not None and name in ("scan", "map_impl"):
        states, scanned, held = given[at + 1 :] if name == "scan" else ([], *given[at + 1 :])
        return _over_steps(reader, given[at], list(states), scanned, list(held))
    if not reader.writer.graph.total_macs:
        raise InputError("what runs depends on the data", mend="give the part before it, or the branch that runs")
    return reader.cut_at(node, name, "what runs depends on the data", list(values_in(given)))


def run_body(reader: Reader, body: Any, inputs: list[Any]) -> Any:
    """One run of a body, for these inputs."""
    waiting: Iterator[Any] = iter(inputs)
    for inner in body.graph.nodes:
        if inner.op == "placeholder":
            reader.values[inner] = next(waiting)
        elif inner.op == "output":
            returned = inner.args[0]
            several = isinstance(returned, (list, tuple))
            return [reader.values[n] for n in returned] if several else reader.values[returned]
        else:
            reader.run_node(inner, body)
    return None


def _over_steps(reader: Reader, body: Any, states: list[Any], scanned: list[Any], held: list[Any]) -> list[Any]:
    """A body for every element along the first axis: states handed on, the other results joined."""
    length = min(x.shape[0] for x in scanned)
    steps.check_count(length * len(body.graph.nodes))
    stored = [x for x in states if isinstance(x, Stored)]
    with reader.writer.learning(stored):  # operands: a runtime folds nothing within a loop
        states = [reader.writer.constant(x) if isinstance(x, Stored) else x for x in states]
    gathered: list[list[Any]] = []
    for step in range(length):
        parts = [steps.element(reader.writer, x, 0, step) for x in scanned]
        made = run_body(reader, body, [*states, *parts, *held])
        states, results = made[: len(states)], made[len(states) :]
        gathered.append(results)
    joined = [steps.stacked(reader.writer, results, 0) for results in zip(*gathered, strict=True)]
    return [*states, *joined]


def _with_effects(reader: Reader, node: Any, given: list[Any]) -> list[Any]:
    """An op that torch keeps in its order by a token (a check, a print): what else it makes is unknown."""
    _, op, *operands = given
    tensors = [x for x in values_in(operands) if isinstance(x, Tensor)]
    shapes = [reader.sizes.shape(x) for x in node.meta["val"][1:] if hasattr(x, "shape")]
    return [None, *(reader.writer.unknown(str(op), tensors, shape or (1,)) for shape in shapes)]


def _resolved(reader: Reader, argument: Any) -> Any:
    """An argument with nodes of the graph replaced by their values, also within lists."""
    if isinstance(argument, (list, tuple)):
        return [_resolved(reader, part) for part in argument]
    return reader.values.get(argument, argument) if hasattr(argument, "users") else argument
