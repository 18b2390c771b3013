"""Loops, scans, branches and sequences of ONNX whose course follows from constants and shapes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from costsim.errors import InputError
from tests.importers.test_onnx_weights import graph_of, ints, node, weight

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

CONV_MACS = 3 * 3 * 9 * 64
"""Of a 3 x 3 convolution of 3 channels to 3 over 8 x 8."""


def value(name: str, shape: Any, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def scalar(name: str, number: Any) -> Any:
    return numpy_helper.from_array(np.asarray(number), name)


def body(nodes: list[Any], reads: list[Any], makes: list[Any], stored: Any = ()) -> Any:
    return helper.make_graph(nodes, "body", reads, makes, list(stored))


def counted(goes_on: list[Any], kept: str = "go_out", stored: Any = ()) -> Any:
    """A loop body of one convolution; ``goes_on`` are the nodes that make the condition."""
    nodes = [node("Conv", ["h", "w"], ["made"], pads=[1] * 4), *goes_on]
    reads = [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("h", [1, 3, 8, 8])]
    return body(nodes, reads, [value(kept, [], TensorProto.BOOL), value("made", [1, 3, 8, 8])], stored)


FOREVER = [node("Identity", ["go"], ["go_out"])]
LOOPS = {
    "a stored count": (["three", "yes"], counted(FOREVER), [scalar("three", np.int64(3)), scalar("yes", True)], 3),
    "a stored count without a condition": (["three", ""], counted(FOREVER), [scalar("three", np.int64(3))], 3),
    "a condition on the number of the run": (
        ["", "yes"],
        counted([node("Less", ["i", "last"], ["go_out"])]),
        [scalar("last", np.int64(4)), scalar("yes", True)],
        5,
    ),
    "a condition that ends it before its count": (
        ["ten", "yes"],
        counted([node("Less", ["i", "last"], ["go_out"])]),
        [scalar("ten", np.int64(10)), scalar("last", np.int64(1)), scalar("yes", True)],
        2,
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops_of_known_length_run_as_often_and_hold_their_weights_once(name: str) -> None:
    reads, inner, stored, runs = LOOPS[name]
    loop = node("Loop", [*reads, "x"], ["y"], body=inner)
    graph = graph_of([loop], {"x": [1, 3, 8, 8]}, [*stored, weight("w", 3, 3, 3, 3)])
    assert (graph.total_macs, graph.total_params) == (runs * CONV_MACS, 81)


def test_a_count_computed_from_a_shape_is_known() -> None:
    nodes = [
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "one"], ["channels"]),
        node("Loop", ["channels", "", "x"], ["y"], body=counted(FOREVER)),
    ]
    graph = graph_of(nodes, {"x": [1, 3, 8, 8]}, [scalar("one", np.int64(1)), weight("w", 3, 3, 3, 3)])
    assert graph.total_macs == 3 * CONV_MACS


def test_what_every_run_makes_is_stacked_and_weights_of_the_body_count_once() -> None:
    inner = body(
        [node("MatMul", ["h", "m"], ["made"]), node("Identity", ["go"], ["go_out"]), node("Relu", ["made"], ["each"])],
        [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("h", [2, 5])],
        [value("go_out", [], TensorProto.BOOL), value("made", [2, 5]), value("each", [2, 5])],
        [weight("m", 5, 5)],
    )
    nodes = [node("Loop", ["four", "", "x"], ["", "all"], body=inner), node("Sigmoid", ["all"], ["y"])]
    graph = graph_of(nodes, {"x": [2, 5]}, [scalar("four", np.int64(4))])
    assert graph.outputs[0].shape == (4, 2, 5)
    assert (graph.total_macs, graph.total_params) == (4 * 50, 25)


def test_a_loop_the_data_may_end_early_is_priced_with_all_its_runs() -> None:
    ends = [node("ReduceMax", ["made"], ["m"], keepdims=0), node("Less", ["m", "limit"], ["go_out"])]
    loop = node("Loop", ["three", "yes", "x"], ["y"], body=counted(ends))
    stored = [scalar("three", np.int64(3)), scalar("yes", True), scalar("limit", np.float32(9))]
    graph = graph_of([loop], {"x": [1, 3, 8, 8]}, [*stored, weight("w", 3, 3, 3, 3)])
    assert graph.total_macs == 3 * CONV_MACS
    assert any("end it early" in note and "3 runs" in note for note in graph.notes)


def test_a_loop_of_unknown_length_ends_the_network_there() -> None:
    ends = [node("ReduceMax", ["made"], ["m"], keepdims=0), node("Less", ["m", "limit"], ["go_out"])]
    loop = node("Loop", ["", "yes", "a"], ["y"], body=counted(ends))
    stored = [scalar("yes", True), scalar("limit", np.float32(9)), weight("w", 3, 3, 3, 3)]
    graph = graph_of([node("Conv", ["x", "w"], ["a"], pads=[1] * 4), loop], {"x": [1, 3, 8, 8]}, stored)
    assert graph.total_macs >= CONV_MACS
    assert any("cut at Loop" in note and "depends on the data" in note for note in graph.notes)


def test_a_loop_that_never_runs_hands_on_what_it_was_given() -> None:
    loop = node("Loop", ["none", "", "x"], ["a"], body=counted(FOREVER))
    stored = [scalar("none", np.int64(0)), weight("w", 3, 3, 3, 3)]
    graph = graph_of([loop, node("Conv", ["a", "w"], ["y"], pads=[1] * 4)], {"x": [1, 3, 8, 8]}, stored)
    assert (graph.total_macs, graph.total_params) == (CONV_MACS, 81)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("costsim.importers.onnx.control.MOST_UNROLLED", 50)


@pytest.mark.usefixtures("few")
def test_a_loop_of_too_many_runs_is_one_line() -> None:
    loop = node("Loop", ["many", "", "x"], ["y"], body=counted(FOREVER))
    with pytest.raises(InputError, match="Loop 'y': its runs come to too many nodes; at most 50 nodes"):
        graph_of([loop], {"x": [1, 3, 8, 8]}, [scalar("many", np.int64(2**40)), weight("w", 3, 3, 3, 3)])


@pytest.mark.usefixtures("few")
def test_runs_of_loops_within_loops_are_runs_of_the_outer_one() -> None:
    inner = counted(FOREVER)
    for _ in range(5):
        again = [node("Loop", ["ten", "", "h"], ["made"], body=inner), node("Identity", ["go"], ["go_out"])]
        inner = body(
            again,
            [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("h", [1, 3, 8, 8])],
            [value("go_out", [], TensorProto.BOOL), value("made", [1, 3, 8, 8])],
        )
    loop = node("Loop", ["ten", "", "x"], ["y"], body=inner)
    with pytest.raises(InputError, match="its runs come to too many nodes"):
        graph_of([loop], {"x": [1, 3, 8, 8]}, [scalar("ten", np.int64(10)), weight("w", 3, 3, 3, 3)])


def test_many_loops_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("costsim.importers.onnx.control.MOST_OF_A_FILE", 15)
    names = ["x", *(f"h{k}" for k in range(9)), "y"]
    loops = [
        node("Loop", ["three", "", read], [made], body=counted(FOREVER)) for read, made in itertools.pairwise(names)
    ]
    with pytest.raises(InputError, match="at most 15 nodes"):
        graph_of(loops, {"x": [1, 3, 8, 8]}, [scalar("three", np.int64(3)), weight("w", 3, 3, 3, 3)])


@pytest.mark.parametrize("backwards", [0, 1])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_scan_runs_once_for_every_element(axis: int, backwards: int) -> None:
    inner = body(
        [
            node("Add", ["state", "part"], ["sum"]),
            node("MatMul", ["sum", "m"], ["next"]),
            node("Relu", ["next"], ["out"]),
        ],
        [value("state", [2, 5]), value("part", [2, 5])],
        [value("next", [2, 5]), value("out", [2, 5])],
    )
    scan = node(
        "Scan", ["zero", "x"], ["last", "all"], body=inner, num_scan_inputs=1, scan_input_axes=[axis],
        scan_output_axes=[axis], scan_input_directions=[backwards],
    )  # fmt: skip
    shape = [7, 2, 5] if axis == 0 else [2, 7, 5]
    nodes = [scan, node("Sigmoid", ["all"], ["y"])]
    graph = graph_of(nodes, {"x": shape, "zero": [2, 5]}, [weight("m", 5, 5)])
    assert (graph.total_macs, graph.total_params) == (7 * 50, 25)
    assert graph.outputs[-1].shape == tuple(shape)


def branching(condition: str, first: list[Any], second: list[Any], stored: Any = ()) -> Any:
    then, other = (body(nodes, [], [value("r", None)], stored) for nodes in (first, second))
    return node("If", [condition], ["y"], then_branch=then, else_branch=other)


def test_two_branches_may_use_the_same_names() -> None:
    nodes = [
        branching("yes", [node("Relu", ["x"], ["r"])], [node("Abs", ["x"], ["r"])]),
        node("Conv", ["y", "w"], ["z"], pads=[1] * 4),
    ]
    again = branching("yes", [node("Conv", ["z", "w"], ["r"], pads=[1] * 4)], [node("Relu", ["z"], ["r"])])
    again.output[0] = "end"
    graph = graph_of([*nodes, again], {"x": [1, 3, 8, 8]}, [scalar("yes", True), weight("w", 3, 3, 3, 3)])
    assert (graph.total_macs, graph.total_params) == (2 * CONV_MACS, 81)


def test_a_setting_given_as_an_input_takes_the_branch_with_more_weights() -> None:
    small = [node("Conv", ["x", "w"], ["r"], pads=[1] * 4)]
    large = [
        node("Constant", [], ["v"], value=weight("v", 3, 3, 3, 3)),
        node("Conv", ["x", "v"], ["m"], pads=[1] * 4),
        node("Conv", ["m", "w"], ["r"], pads=[1] * 4),
    ]
    nodes = [node("Less", ["rate", "limit"], ["slow"]), branching("slow", small, large)]
    stored = [scalar("limit", np.float32(9)), weight("w", 3, 3, 3, 3)]
    graph = graph_of(nodes, {"x": [1, 3, 8, 8], "rate": []}, stored)
    assert graph.total_macs == 2 * CONV_MACS
    assert any("else branch is priced" in note for note in graph.notes)


def test_a_branch_that_the_data_choose_ends_the_network_there() -> None:
    nodes = [
        node("Conv", ["x", "w"], ["a"], pads=[1] * 4),
        node("ReduceMax", ["a"], ["m"], keepdims=0),
        node("Less", ["m", "limit"], ["c"]),
        branching("c", [node("Relu", ["a"], ["r"])], [node("Abs", ["a"], ["r"])]),
    ]
    graph = graph_of(nodes, {"x": [1, 3, 8, 8]}, [scalar("limit", np.float32(9)), weight("w", 3, 3, 3, 3)])
    assert graph.total_macs == CONV_MACS
    assert any("cut at If" in note for note in graph.notes)


# Sequences

PARTS = {
    "of one size": ([ints("part", 4)], {}, [4, 4]),
    "of listed sizes": ([ints("part", [2, 6])], {}, [2, 6]),
    "of one size that leaves a rest": ([ints("part", 3)], {}, [3, 3, 2]),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_sequence_of_parts_is_its_slices(name: str) -> None:
    stored, options, sizes = PARTS[name]
    nodes = [
        node("SplitToSequence", ["x", "part"], ["parts"], axis=1, **options),
        node("SequenceAt", ["parts", "last"], ["p"]),
        node("Conv", ["p", "w"], ["y"]),
    ]
    graph = graph_of(nodes, {"x": [1, 8, 4, 4]}, [*stored, ints("last", -1), weight("w", 2, sizes[-1], 1, 1)])
    assert graph.total_macs == 2 * sizes[-1] * 16


@pytest.mark.parametrize(("keepdims", "shape"), [(1, (1, 1, 4)), (0, (1, 4))])
def test_single_parts_keep_their_axis_or_not(keepdims: int, shape: tuple[int, ...]) -> None:
    nodes = [
        node("SplitToSequence", ["x"], ["parts"], axis=1, keepdims=keepdims),
        node("SequenceAt", ["parts", "first"], ["p"]),
        node("Relu", ["p"], ["y"]),
    ]
    assert graph_of(nodes, {"x": [1, 8, 4]}, [ints("first", 0)]).outputs[0].shape == shape


def test_sequences_are_built_changed_counted_and_joined() -> None:
    nodes = [
        node("SequenceConstruct", ["x", "z"], ["s"]),
        node("SequenceInsert", ["s", "x", "front"], ["t"]),
        node("SequenceErase", ["t"], ["u"]),
        node("Identity", ["u"], ["v"]),
        node("SequenceLength", ["v"], ["n"]),
        node("Unsqueeze", ["n", "axes"], ["count"]),
        node("Concat", ["count", "rest"], ["shape"], axis=0),
        node("ConcatFromSequence", ["v"], ["joined"], axis=0, new_axis=1),
        node("Reshape", ["joined", "shape"], ["y"]),
    ]
    stored = [ints("front", 0), ints("axes", [0]), ints("rest", [-1])]
    assert graph_of(nodes, {"x": [2, 3], "z": [2, 3]}, stored).outputs[-1].shape == (2, 6)


def test_a_sequence_filled_in_a_loop_is_joined_behind_it() -> None:
    inner = body(
        [
            node("Identity", ["go"], ["go_out"]),
            node("MatMul", ["x", "m"], ["made"]),
            node("SequenceInsert", ["s", "made"], ["longer"]),
        ],
        [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("s", None)],
        [value("go_out", [], TensorProto.BOOL), value("longer", None)],
    )
    nodes = [
        node("SequenceEmpty", [], ["none"]),
        node("Loop", ["three", "", "none"], ["s3"], body=inner),
        node("ConcatFromSequence", ["s3"], ["y"], axis=1),
    ]
    graph = graph_of(nodes, {"x": [2, 5]}, [scalar("three", np.int64(3)), weight("m", 5, 5)])
    assert (graph.total_macs, graph.total_params) == (150, 25)
    assert graph.outputs[0].shape == (2, 15)


def test_a_position_outside_a_sequence_is_one_line() -> None:
    nodes = [node("SequenceConstruct", ["x"], ["s"]), node("SequenceAt", ["s", "third"], ["y"])]
    with pytest.raises(InputError, match=r"SequenceAt 'y': position 3 of a sequence of 1"):
        graph_of(nodes, {"x": [2, 3]}, [ints("third", 3)])
