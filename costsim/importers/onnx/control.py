"""Graphs within a graph: branches that are taken, and loops as many times as they run.

How often a loop runs and which branch is taken follow from constants and shapes in nearly all files; then the graph
within is read in its place, once a run, with its weights counted once. Where the data decide, the network ends there
for costsim.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import pieces
from costsim.importers.onnx.items import Items
from costsim.importers.onnx.protos import attribute_value
from costsim.importers.onnx.weights import FLOATS, is_zero
from costsim.importers.steps import MOST_UNROLLED, check_count, element, stacked
from costsim.importers.writer import Stored, Value

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

    from costsim.importers.onnx.reader import Reader

MOST_OF_A_FILE = 50_000
"""Nodes that all loops of a file come to."""

WAY_OUT = "export it without, or simplify the model for fixed input sizes"


def branch(reader: Reader, node: NodeProto, name: str) -> Sequence[Any]:
    """An ``If`` is the branch it takes; where a setting given as an input decides, the one with more weights."""
    condition = reader.writer[node.input[0]]
    branches = {a.name: a.g for a in node.attribute}
    if isinstance(condition, Stored) and condition.values is not None:
        wanted = "then_branch" if condition.values.any() else "else_branch"
    elif isinstance(condition, Tensor) and _is_setting(reader, condition):
        wanted = max(("then_branch", "else_branch"), key=lambda which: _stored_elements(branches[which]))
        reader.writer.note(f"If '{name}': an input decides which branch runs; the {wanted.replace('_', ' ')} is priced")
    else:
        return _ended(reader, node, name, "what runs depends on the data")
    with reader.writer.scope():
        reader.bind_initializers(branches[wanted])
        reader.run_nodes(branches[wanted])
        return _handed_on(reader, node, reader.results(branches[wanted]))


def loop(reader: Reader, node: NodeProto, name: str) -> Sequence[Any]:
    """A ``Loop`` whose count or condition is known: its body once a run, states handed on, results stacked."""
    body = _body(node)
    given: list[Any] = [reader.writer[i] if i else None for i in node.input]
    count, go = given[0], given[1] if len(given) > 1 else None
    if not (count is None or _is_known(count)) or not (go is None or _is_known(go)):
        return _ended(reader, node, name, "how often it runs depends on the data")
    most = None if count is None else int(count.values)
    states, gathered = _first_states(reader, given[2:]), _nothing_yet(body, 1 + len(given[2:]))
    with reader.writer.scope():
        reader.bind_initializers(body)
        step, goes, begun = 0, go is None or bool(go.values), reader.unrolled
        while goes and (most is None or step < most):
            _count_run(reader, body, begun)
            carried = [_number(step), Stored((), trainable=False, values=np.array(True), elem_type=9), *states]
            goes_on, *made = _run(reader, body, carried)
            if not _is_known(goes_on):
                if most is None:
                    return _ended(reader, node, name, "how often it runs depends on the data")
                reader.writer.note(f"Loop '{name}': the data may end it early; priced with all of its {most} runs")
            else:
                goes = bool(goes_on.values)
            states = made[: len(states)]
            for results, value in zip(gathered, made[len(states) :], strict=True):
                results.append(value)
            step += 1
    return _handed_on(reader, node, [*states, *_joined(reader, node, name, gathered, [0] * len(gathered))])


def scan(reader: Reader, node: NodeProto, name: str) -> Sequence[Any]:
    """A ``Scan``: its body for every element along an axis, states handed on, results stacked."""
    body, options = _body(node), _options(node)
    if reader.opset < 9:
        raise InputError("Scan of opset 8", mend="convert it to opset 9 or above with onnx.version_converter")
    scanned_count = int(options["num_scan_inputs"])
    given: list[Any] = [reader.writer[i] for i in node.input]
    states = _first_states(reader, given[: len(given) - scanned_count])
    scanned = given[len(given) - scanned_count :]
    axes = [
        pieces.axis_of(a, x.shape)
        for a, x in zip(options.get("scan_input_axes", [0] * scanned_count), scanned, strict=True)
    ]
    backwards = options.get("scan_input_directions", [0] * scanned_count)
    steps = min(x.shape[axis] for x, axis in zip(scanned, axes, strict=True))
    gathered = _nothing_yet(body, len(states))
    with reader.writer.scope():
        reader.bind_initializers(body)
        begun = reader.unrolled
        for step in range(steps):
            _count_run(reader, body, begun)
            parts = [
                element(reader.writer, x, axis, steps - 1 - step if turned else step)
                for x, axis, turned in zip(scanned, axes, backwards, strict=True)
            ]
            made = _run(reader, body, [*states, *parts])
            states = made[: len(states)]
            for results, value in zip(gathered, made[len(states) :], strict=True):
                results.append(value)
    onto = options.get("scan_output_axes", [0] * len(gathered))
    return _handed_on(reader, node, [*states, *_joined(reader, node, name, gathered, onto)])


def over_items(reader: Reader, node: NodeProto, name: str) -> Sequence[Any]:
    """A ``SequenceMap``: its body for every member of a sequence."""
    body = _body(node)
    given = [reader.writer[i] for i in node.input]
    first = given[0]
    if not isinstance(first, Items):
        raise InputError("its first input is no sequence of known length", mend="export it without sequences")
    made = []
    with reader.writer.scope():
        reader.bind_initializers(body)
        begun = reader.unrolled
        for step in range(len(first.members)):
            _count_run(reader, body, begun)
            made.append(_run(reader, body, [x.members[step] if isinstance(x, Items) else x for x in given]))
    return [Items(tuple(results)) for results in zip(*made, strict=True)]


def _first_states(reader: Reader, states: Sequence[Any]) -> list[Any]:
    """What a loop begins with. Matrices that are constants are operands: a runtime folds nothing within a loop."""
    given = []
    for state in states:
        if isinstance(state, Stored) and state.elem_type in FLOATS and len(state.shape) > 1:
            state = replace(state, trainable=False, parameters={}) if is_zero(state) else state
            with reader.writer.learning([state]):
                state = reader.writer.constant(state)
        given.append(state)
    return given


def _run(reader: Reader, body: GraphProto, given: Sequence[Any]) -> list[Any]:
    """One run of a body."""
    with reader.writer.scope():
        for info, value in zip(body.input, given, strict=True):
            if value is not None:
                reader.writer.bind(info.name, value)
        reader.run_nodes(body)
        made = reader.results(body)
        if None in made:
            raise InputError("a size in its body depends on the data", mend=WAY_OUT)
        return made


def _handed_on(reader: Reader, node: NodeProto, values: Sequence[Any]) -> Sequence[Any]:
    """Results for the outer graph; what is behind a cut there is behind it here."""
    reader.cut.update(output for output, value in zip(node.output, values, strict=False) if value is None)
    return values


def _ended(reader: Reader, node: NodeProto, name: str, reason: str) -> Sequence[Any]:
    """Cut the network off here, if anything is computed before; else there is nothing to be priced."""
    if not reader.writer.graph.total_macs:
        raise InputError(f"control flow: {reason}", mend=WAY_OUT)
    inner = {i for a in node.attribute for n in a.g.node for i in n.input}
    read = [
        x
        for i in dict.fromkeys([*node.input, *inner])
        if i in reader.writer and isinstance(x := reader.writer[i], Tensor)
    ]
    reader.cut_off(node, name, reason, read)
    return []


def _is_setting(reader: Reader, value: Tensor) -> bool:
    """Whether a tensor is made of the network's single numbers alone, a sampling rate for example."""
    waiting, seen = [value.name], {value.name}
    while waiting:
        at = reader.writer.graph[waiting.pop()]
        if isinstance(at.layer, L.Input) and at.shape != (1,):
            return False
        fresh = [name for name in at.inputs if name not in seen]
        seen.update(fresh)
        waiting += fresh
    return True


def _stored_elements(graph: GraphProto) -> tuple[int, int]:
    """(elements that a graph stores, nodes), those of the graphs within it among them."""
    elements = sum(int(np.prod(tensor.dims)) for tensor in graph.initializer)
    nodes = len(graph.node)
    for node in graph.node:
        for attribute in node.attribute:
            elements += int(np.prod(attribute.t.dims)) if attribute.HasField("t") else 0
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    more, count = _stored_elements(inner)
                    elements, nodes = elements + more, nodes + count
    return elements, nodes


def _body(node: NodeProto) -> GraphProto:
    body = next((a.g for a in node.attribute if a.name == "body"), None)
    if body is None:
        raise InputError(f"{node.op_type} '{node.name}' has no body", mend="save the model again")
    return body


def _options(node: NodeProto) -> dict[str, Any]:
    return {a.name: attribute_value(a) for a in node.attribute if a.name != "body"}


def _is_known(value: Any) -> bool:
    return isinstance(value, Stored) and value.values is not None


def _number(step: int) -> Stored:
    return Stored((), trainable=False, values=np.array(step, dtype=np.int64), elem_type=7)


def _nothing_yet(body: GraphProto, states: int) -> list[list[Any]]:
    return [[] for _ in body.output[states:]]


def _count_run(reader: Reader, body: GraphProto, begun: int) -> None:
    """One more run of a loop; ``begun`` is how many nodes loops had come to when it began."""
    reader.unrolled += max(len(body.node), 1)
    check_count(reader.unrolled - begun, MOST_UNROLLED)
    check_count(reader.unrolled, MOST_OF_A_FILE)


def _joined(
    reader: Reader, node: NodeProto, name: str, gathered: Sequence[Sequence[Any]], axes: Sequence[int]
) -> list[Value]:
    """What every run made, along a new axis each; nothing for results that no layer reads."""
    joined: list[Value] = []
    for output, results, axis in zip(node.output[len(node.output) - len(gathered) :], gathered, axes, strict=True):
        if output not in reader.needed:
            joined.append(Stored((), trainable=False))
        elif not results:
            raise InputError(f"'{name}' runs not at all and its results are read", mend="check the file")
        else:
            joined.append(stacked(reader.writer, results, axis))
    return joined


CONTROL: dict[str, Callable[[Reader, NodeProto, str], Sequence[Any]]] = {
    "If": branch,
    "Loop": loop,
    "Scan": scan,
    "SequenceMap": over_items,
}
"""How the ops that hold graphs are read."""
