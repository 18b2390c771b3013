"""Graphs within a TFLite graph: the branch that an IF takes, the body of a WHILE as many times as it runs.

A recurrence that no builtin stands for (a GRU, a cell of one's own) is converted to a WHILE that counts its steps from
constants. Then its body is read in its place, once a run, with its weights counted once. Where the data decide, the op
stays unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from costsim.graph import Tensor
from costsim.importers.steps import check_count
from costsim.importers.tflite.call import Call
from costsim.importers.writer import Stored, Value

if TYPE_CHECKING:
    from costsim.importers.tflite.reader import Reader

MOST_OF_A_FILE = 10_000
"""Nodes that all loops of a file come to, those within each other among them."""

UNCOUNTED = "the data decide {} of {}: what is within it is not counted"

Held = tuple[Value | None, bool]
"""A value, and whether it lies in the graph as a map."""


def branch(reader: Reader, call: Call) -> list[Value] | None:
    """The results of the branch that a constant chooses; None where the data choose."""
    condition = call.value()
    if not isinstance(condition, Stored) or condition.values is None:
        call.writer.note(UNCOUNTED.format("which branch runs", call.op.op))
        return None
    number = call.get("ThenSubgraphIndex" if condition.values.any() else "ElseSubgraphIndex")
    return handed_on(reader, call, reader.run_within(call, number, given_to(call)[1:]))


def loop(reader: Reader, call: Call) -> list[Value] | None:
    """The states of a loop after its last run; None where the data decide which is the last."""
    condition, body = call.get("CondSubgraphIndex"), call.get("BodySubgraphIndex")
    graph = reader.model.graphs[body]
    kept = [made == read for made, read in zip(graph.outputs, graph.inputs, strict=True)]
    states = given_to(call)
    states = [
        held if same else _operand(reader, call, i, held)
        for i, (held, same) in enumerate(zip(states, kept, strict=True))
    ]
    while True:
        ((goes, _),) = reader.run_within(call, condition, states)
        if not isinstance(goes, Stored) or goes.values is None:
            call.writer.note(UNCOUNTED.format("how often the body runs", call.op.op))
            return None
        if not goes.values.any():
            return handed_on(reader, call, states)
        reader.unrolled["nodes"] += len(graph.ops) + 1
        check_count(reader.unrolled["nodes"], MOST_OF_A_FILE)
        states = reader.run_within(call, body, states)


def given_to(call: Call) -> list[Held]:
    """What a graph within is given: the op's operands, and how they lie."""
    return [(value, value is not None and call.is_map(i)) for i, value in enumerate(call.inputs)]


def _operand(reader: Reader, call: Call, index: int, held: Held) -> Held:
    """What a loop changes. A matrix that it begins with is an operand: a runtime folds nothing within a loop."""
    value, is_map = held
    if not isinstance(value, Stored) or len(value.shape) < 2:
        return held
    if value.values is not None and not value.values.any():
        reader.zeros.add(call.op.inputs[index])
        value = replace(value, trainable=False, parameters={})
    with call.writer.learning([value]):
        return call.writer.constant(value), is_map


def handed_on(reader: Reader, call: Call, made: Sequence[Held]) -> list[Value]:
    """What a graph within made, as the graph around it holds it."""
    return [
        call.as_given(value, is_map, output in reader.maps) if isinstance(value, Tensor) else value
        for (value, is_map), output in zip(made, call.op.outputs, strict=True)
        if value is not None
    ]


CONTROL = {"IF": branch, "WHILE": loop}
