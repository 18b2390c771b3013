"""Ops of ONNX beside the two-dimensional convolutions: recurrence, products by letters, attention, volumes."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from onnx import helper, numpy_helper

from tests.importers.test_onnx_weights import elements, graph_of, ints, node, weight


def constant(name: str, values: Any) -> Any:
    return numpy_helper.from_array(np.asarray(values, np.float32), name)


GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@pytest.mark.parametrize("op", GATES)
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("layout", [0, 1])
def test_recurrence_is_one_layer_of_matrix_products(op: str, directions: int, layout: int) -> None:
    steps, n, features, hidden, rows = 7, 2, 4, 6, GATES[op] * 6
    stored = [weight("W", directions, rows, features), weight("R", directions, rows, hidden)]
    stored.append(weight("B", directions, 2 * rows))
    shape = [n, steps, features] if layout else [steps, n, features]
    direction = "bidirectional" if directions == 2 else "forward"
    cell = node(op, ["x", "W", "R", "B"], ["y"], hidden_size=hidden, direction=direction, layout=layout)
    graph = graph_of([cell], {"x": shape}, stored)
    assert graph.total_macs == steps * n * directions * rows * (features + hidden)
    assert graph.total_params == elements(stored)
    assert graph.outputs[0].shape == ((n, steps, directions, hidden) if layout else (steps, directions, n, hidden))


@pytest.mark.parametrize("layout", [0, 1])
def test_the_last_state_of_a_recurrence_has_its_shape(layout: int) -> None:
    stored = [weight("W", 1, 24, 4), weight("R", 1, 24, 6)]
    nodes = [node("LSTM", ["x", "W", "R"], ["", "h"], hidden_size=6, layout=layout), node("Relu", ["h"], ["y"])]
    graph = graph_of(nodes, {"x": [2, 7, 4] if layout else [7, 2, 4]}, stored, opset=14)
    assert graph.outputs[0].shape == ((2, 1, 6) if layout else (1, 2, 6))


EQUATIONS = {
    "bhid,bhjd->bhij": ((2, 3, 5, 6), (2, 3, 7, 6), 2 * 3 * 5 * 7 * 6),
    "ij,jk": ((4, 5), (5, 6), 120),
    "bchw,bkc->bkhw": ((2, 3, 4, 5), (2, 6, 3), 2 * 6 * 20 * 3),
    "nctkv,kvw->nctw": ((1, 3, 4, 2, 5), (2, 5, 5), 3 * 4 * 5 * 10),
    "...i,...i->...": ((2, 3, 4), (2, 3, 4), 24),
    "...ij,jk->...ik": ((2, 3, 4), (4, 5), 120),
    "bi,bi->bi": ((2, 3), (2, 3), 0),
    "bi,bj->bij": ((2, 3), (2, 4), 0),
}


@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize("is_stored", [False, True])
def test_einsum_counts_its_product(equation: str, is_stored: bool) -> None:
    a, b, macs = EQUATIONS[equation]
    shapes: dict[str, Any] = {"a": list(a)} | ({} if is_stored else {"b": list(b)})
    stored = [weight("b", *b)] if is_stored else []
    graph = graph_of([node("Einsum", ["a", "b"], ["y"], equation=equation)], shapes, stored)
    assert graph.total_macs == macs
    assert graph.total_params == elements(stored)
    assert graph.outputs[0].shape == np.einsum(equation, np.zeros(a), np.zeros(b)).shape


def test_einsum_of_three_operands_contracts_from_the_left() -> None:
    shapes: dict[str, Any] = {"a": [2, 3], "b": [3, 4], "c": [4, 5]}
    graph = graph_of([node("Einsum", list("abc"), ["y"], equation="ij,jk,kl->il")], shapes, [])
    assert graph.total_macs == 2 * 3 * 4 + 2 * 4 * 5


@pytest.mark.parametrize("equation", ["ii->i", "ii", "iij->j", "bij->", "ijij->ij"])
def test_einsum_of_one_operand_takes_diagonals_and_sums(equation: str) -> None:
    shape = (3,) * equation.partition("->")[0].count("i") + (3,) * equation.partition("->")[0].count("j")
    shape = shape if "b" not in equation else (2, *shape)
    graph = graph_of([node("Einsum", ["a"], ["y"], equation=equation)], {"a": list(shape)}, [])
    assert graph.total_macs == 0
    assert graph.outputs[0].shape == (np.einsum(equation, np.zeros(shape)).shape or (1,))


def test_einsum_repeats_what_is_one_long() -> None:
    graph = graph_of(
        [node("Einsum", ["a", "b"], ["y"], equation="...ij,...jk->...ik")], {"a": [3, 1, 4, 5], "b": [3, 2, 5, 6]}, []
    )
    assert graph.outputs[0].shape == (3, 2, 4, 6)
    assert graph.total_macs == 6 * 4 * 5 * 6


@pytest.mark.parametrize("heads, keys", [(2, 2), (4, 2), (4, 1)])
@pytest.mark.parametrize("is_flat", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_counts_both_products(heads: int, keys: int, is_flat: bool, masked: bool) -> None:
    q, k = ([1, 5, heads * 8], [1, 7, keys * 8]) if is_flat else ([1, heads, 5, 8], [1, keys, 7, 8])
    attributes = {"q_num_heads": heads, "kv_num_heads": keys} if is_flat else {}
    shapes: dict[str, Any] = {"q": q, "k": k, "v": k} | ({"m": [5, 7]} if masked else {})
    graph = graph_of([node("Attention", list(shapes), ["y"], **attributes)], shapes, [], opset=23)
    assert graph.total_macs == 2 * heads * 5 * 7 * 8
    assert graph.outputs[0].shape == tuple(q)


def test_the_scores_of_an_attention_can_be_read() -> None:
    shapes: dict[str, Any] = {"q": [1, 4, 5, 8], "k": [1, 2, 7, 8], "v": [1, 2, 7, 8]}
    nodes = [node("Attention", list(shapes), ["a", "", "", "s"]), node("Relu", ["s"], ["y"])]
    assert graph_of(nodes, shapes, [], opset=23).outputs[-1].shape == (1, 4, 5, 7)


PACKED = {"of all three": ({"q": [1, 5, 2, 3, 4]}, 5), "of two": ({"q": [1, 5, 8], "k": [1, 7, 2, 2, 4]}, 7)}


@pytest.mark.parametrize("operands", PACKED)
def test_query_key_and_value_in_one_tensor_are_taken_apart(operands: str) -> None:
    shapes, rows = PACKED[operands]
    attend = node("MultiHeadAttention", list(shapes), ["y"], num_heads=2, domain="com.microsoft")
    graph = graph_of([attend], shapes, [])
    assert graph.total_macs == 2 * 2 * 5 * rows * 4
    assert graph.outputs[0].shape == (1, 5, 8)


FIRST_STATES = {"zeros": (np.zeros, 0), "learned": (np.ones, 12)}


@pytest.mark.parametrize("kind", FIRST_STATES)
@pytest.mark.parametrize("op", ["GRU", "Scan"])
def test_first_states_are_parameters_where_they_were_learned(kind: str, op: str) -> None:
    make, learned = FIRST_STATES[kind]
    if op == "GRU":
        stored = [weight("W", 1, 18, 4), weight("R", 1, 18, 6), constant("h", make((1, 2, 6)))]
        nodes, macs = [node("GRU", ["x", "W", "R", "", "", "h"], ["y"], hidden_size=6)], 7 * 2 * 18 * 10
    else:
        stored = [weight("w", 10, 6), constant("h", make((2, 6)))]
        ends = [helper.make_tensor_value_info(name, 1, None) for name in ("h0", "step", "h1", "out")]
        inner = [node("Concat", ["step", "h0"], ["c"], axis=1), node("MatMul", ["c", "w"], ["h1"])]
        body = helper.make_graph([*inner, node("Identity", ["h1"], ["out"])], "body", ends[:2], ends[2:])
        nodes, macs = [node("Scan", ["h", "x"], ["last", "y"], body=body, num_scan_inputs=1)], 7 * 2 * 60
    graph = graph_of(nodes, {"x": [7, 2, 4]}, stored)
    assert graph.total_macs == macs
    assert graph.total_params == elements(stored) - 12 + learned


@pytest.mark.parametrize("op, inputs, stored", [
    ("Conv", ["x", "w", "b"], [weight("w", 1, 3, 1, 1), weight("b", 1)]),
    ("InstanceNormalization", ["m", "w", "b"], [weight("w", 1), weight("b", 1)]),
    ("Gemm", ["r", "w", "b"], [weight("w", 6, 1), weight("b", 1)]),
    ("Add", ["s", "b"], [weight("b", 1)]),
    ("Mul", ["x", "w"], [weight("w", 1)]),
    ("Mul", ["x", "w"], [ints("w", 3)]),
])  # fmt: skip
def test_single_weights_of_layers_and_branches_are_parameters(op: str, inputs: list[str], stored: list[Any]) -> None:
    shape = {"x": [1, 3, 4, 4], "m": [1, 1, 4, 4], "r": [5, 6], "s": [5, 1]}[inputs[0]]
    assert graph_of([node(op, inputs, ["y"])], {inputs[0]: shape}, stored).total_params == elements(stored)


def test_products_of_constants_alone_are_folded_and_said() -> None:
    nodes = [node("MatMul", ["v", "w"], ["u"]), node("MatMul", ["x", "u"], ["y"])]
    graph = graph_of(nodes, {"x": [2, 4]}, [weight("v", 4, 5), weight("w", 5, 6)])
    assert (graph.total_macs, graph.total_params) == (48, 50)
    assert graph.notes == ("120 multiply-accumulates of MatMul on constants alone run once, when it is loaded",)


def test_stored_weights_that_no_layer_has_are_named() -> None:
    nodes = [node("Conv", ["x", "body.conv.weight"], ["y"]), node("Conv", ["x", "head.conv.weight"], ["dead"])]
    stored = [weight("body.conv.weight", 4, 3, 1, 1), weight("head.conv.weight", 9, 3, 1, 1), weight("spare", 2)]
    graph = graph_of(nodes[::-1], {"x": [1, 3, 4, 4]}, stored)
    assert graph.total_params == 12
    assert graph.notes == ("the file holds 41 parameters; 29 of them reach no layer: head.conv, spare",)


def test_regions_of_a_map_are_sampled() -> None:
    shapes: dict[str, Any] = {"x": [1, 4, 16, 16], "r": [5, 4]}
    align = node("RoiAlign", ["x", "r", "b"], ["y"], output_height=7, output_width=7, sampling_ratio=2)
    graph = graph_of([align], shapes, [ints("b", [0] * 5)])
    assert graph.outputs[-1].shape == (5, 4, 7, 7)
    assert not graph.unknown


@pytest.mark.parametrize("kernel", [(3,), (3, 3), (3, 3, 3)], ids=str)
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("at_run_time", [False, True])
def test_convolutions_of_any_rank_and_with_computed_kernels(
    kernel: tuple[int, ...], groups: int, at_run_time: bool
) -> None:
    rank, shape = len(kernel), (6, 4 // groups, *kernel)
    shapes: dict[str, Any] = {"x": [1, 4, *(8,) * rank]} | ({"w": list(shape)} if at_run_time else {})
    stored = [weight("b", 6)] + ([] if at_run_time else [weight("w", *shape)])
    conv = node("Conv", ["x", "w", "b"], ["y"], pads=[1] * 2 * rank, strides=[2] * rank, group=groups)
    graph = graph_of([conv], shapes, stored)
    assert graph.outputs[0].shape == (1, 6, *(4,) * rank)
    assert graph.total_macs == 6 * (4 // groups) * 3**rank * 4**rank
    assert graph.total_params == elements(stored)


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_pooling_over_volumes(op: str) -> None:
    pool = node(op, ["x"], ["y"], kernel_shape=[2, 2, 2], strides=[2, 2, 2])
    assert graph_of([pool], {"x": [1, 3, 4, 8, 8]}, []).outputs[0].shape == (1, 3, 2, 4, 4)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(("length", "kernel", "stride", "out"), [(5, 2, 2, 3), (5, 3, 3, 2), (6, 3, 2, 4)])
def test_a_last_window_that_sees_only_padding_is_none(
    rank: int, length: int, kernel: int, stride: int, out: int
) -> None:
    """As onnxruntime runs it."""
    sizes = {"kernel_shape": [kernel] * rank, "strides": [stride] * rank, "pads": [1] * 2 * rank}
    pool = node("MaxPool", ["x"], ["y"], ceil_mode=1, **sizes)
    assert graph_of([pool], {"x": [1, 3, *(length,) * rank]}, []).outputs[0].shape == (1, 3, *(out,) * rank)


VECTORS = {"right": ([3, 5, 16], [16]), "left": ([16], [3, 16, 5]), "both": ([16], [16])}


@pytest.mark.parametrize("side", VECTORS)
def test_products_with_a_vector(side: str) -> None:
    a, b = VECTORS[side]
    graph = graph_of([node("MatMul", ["a", "b"], ["y"])], {"a": a, "b": b}, [])
    assert graph.total_macs == prod(a) * prod(b) // 16
    assert graph.outputs[0].shape == ((np.zeros(a) @ np.zeros(b)).shape or (1,))


@pytest.mark.parametrize("policy, size", [("not_larger", (4, 8)), ("not_smaller", (8, 16)), ("stretch", (8, 8))])
def test_resize_keeps_the_aspect_it_is_told_to(policy: str, size: tuple[int, int]) -> None:
    resize = node("Resize", ["x", "", "", "s"], ["r"], axes=[2, 3], keep_aspect_ratio_policy=policy)
    nodes = [resize, node("Relu", ["r"], ["y"])]
    assert graph_of(nodes, {"x": [1, 3, 4, 8]}, [ints("s", [8, 8])], opset=18).outputs[0].shape[2:] == size


def test_a_number_of_the_largest_was_an_attribute_once() -> None:
    nodes = [node("TopK", ["x"], ["v", "i"], k=3, axis=1), node("MatMul", ["v", "w"], ["y"])]
    assert graph_of(nodes, {"x": [4, 8]}, [weight("w", 3, 5)], opset=9).total_macs == 4 * 3 * 5


@pytest.mark.parametrize("op", ["MaxPool", "Dropout"])
def test_second_outputs_can_be_read(op: str) -> None:
    attributes = {"kernel_shape": [2, 2], "strides": [2, 2]} if op == "MaxPool" else {}
    nodes = [node(op, ["x"], ["a", "b"], **attributes), node("Mul", ["a", "b"], ["y"])]
    assert len(graph_of(nodes, {"x": [1, 3, 8, 8]}, [])) == 3


def test_statistics_that_a_norm_hands_out_can_be_outputs() -> None:
    norm = node("BatchNormalization", ["x", "s", "s", "s", "s"], ["a", "mean", "variance"], training_mode=1)
    nodes = [norm, node("Unsqueeze", ["mean", "axes"], ["m"]), node("Concat", ["a0", "m"], ["y"], axis=0)]
    nodes.insert(1, node("ReduceMean", ["a"], ["a0"], axes=[0, 2, 3], keepdims=0))
    nodes.insert(2, node("Unsqueeze", ["a0", "axes"], ["a1"]))
    nodes[-1] = node("Concat", ["a1", "m"], ["y"], axis=0)
    graph = graph_of(nodes, {"x": [1, 4, 8, 8]}, [weight("s", 4), ints("axes", [0])], opset=15)
    assert graph.outputs[0].shape == (2, 4)


@pytest.mark.parametrize(("attributes", "bins"), [({}, 17), ({"onesided": 0}, 32)])
def test_frames_of_a_signal_have_their_frequencies(attributes: dict[str, int], bins: int) -> None:
    frames = node("STFT", ["x", "step", "window"], ["y"], **attributes)
    graph = graph_of([frames], {"x": [2, 64, 1]}, [ints("step", 16), constant("window", [1] * 32)], opset=17)
    assert graph.outputs[0].shape == (2, 3, bins, 2)
    assert graph.unknown[0].layer.flops == 6 * 5 * 32 * 5 // 2


@pytest.mark.parametrize(("attributes", "shape"), [({"axis": 1}, (1, 8, 2)), ({"axis": 1, "onesided": 1}, (1, 5, 2))])
def test_a_transform_keeps_its_axis_or_half_of_it(attributes: dict[str, int], shape: tuple[int, ...]) -> None:
    graph = graph_of([node("DFT", ["x"], ["y"], **attributes)], {"x": [1, 8, 1]}, [], opset=17)
    assert graph.outputs[0].shape == shape


def test_what_no_output_needs_is_dropped() -> None:
    nodes = [
        node("Conv", ["x", "big"], ["dead"]),
        node("Relu", ["dead"], ["dead too"]),
        node("Conv", ["x", "w"], ["y"]),
    ]
    graph = graph_of(nodes, {"x": [1, 3, 8, 8]}, [weight("w", 4, 3, 1, 1), weight("big", 9, 3, 3, 3)])
    assert (graph.total_macs, graph.total_params) == (768, 12)


def test_deformable_convolution_counts_as_a_convolution_of_its_size() -> None:
    stored = [weight("w", 2, 4, 3, 3)]
    deform = node("DeformConv", ["x", "w", "o"], ["y"], kernel_shape=[3, 3], pads=[1] * 4)
    graph = graph_of([deform], {"x": [1, 4, 6, 6], "o": [1, 18, 6, 6]}, stored, opset=22)
    assert (graph.total_macs, graph.total_params) == (2 * 4 * 9 * 36, 72)


def test_a_dilated_kernel_that_is_computed_at_run_time_spans_what_lies_between_its_taps() -> None:
    conv = node("Conv", ["x", "w"], ["y"], dilations=[2, 2], kernel_shape=[3, 3])
    graph = graph_of([conv], {"x": [1, 4, 9, 9], "w": [6, 4, 3, 3]}, [])
    assert graph.outputs[0].shape == (1, 6, 5, 5)
    assert graph.total_macs == 6 * 5 * 5 * 4 * 9


CONV = node("Conv", ["a", "w"], ["y"])
OTHER_OPS: dict[str, tuple[list[Any], dict[str, Any], list[Any], int, tuple[int, ...]]] = {
    "an output longer than strides and kernel make it": (
        [node("ConvTranspose", ["x", "k"], ["a"], strides=[3], output_shape=[32]), CONV],
        {"x": [1, 4, 10]},
        [weight("k", 4, 3, 4), weight("w", 2, 3, 1)],
        4 * 10 * 12 + 6 * 32,
        (1, 2, 32),
    ),
    "a volume enlarged": (
        [node("Resize", ["x", "", "by"], ["a"], mode="linear"), CONV],
        {"x": [1, 3, 2, 4, 4]},
        [constant("by", [1, 1, 2, 2, 3]), weight("w", 2, 3, 1, 1, 1)],
        6 * 4 * 8 * 12,
        (1, 2, 4, 8, 12),
    ),
    "windows added back into a map": (
        [node("Col2Im", ["x", "map", "window"], ["a"], strides=[2, 2]), CONV],
        {"x": [1, 12, 16]},
        [ints("map", [8, 8]), ints("window", [2, 2]), weight("w", 2, 3, 1, 1)],
        6 * 64,
        (1, 2, 8, 8),
    ),
    "a grid over a volume, and samples there": (
        [node("AffineGrid", ["t", "size"], ["g"]), node("GridSample", ["x", "g"], ["a"]), CONV],
        {"x": [1, 3, 4, 6, 6], "t": [1, 3, 4]},
        [ints("size", [1, 3, 2, 3, 3]), weight("w", 2, 3, 1, 1, 1)],
        18 * 4 * 3 + 6 * 18,
        (1, 2, 2, 3, 3),
    ),
    "classes as vectors": (
        [
            node("OneHot", ["x", "classes", "off_on"], ["a"], axis=1),
            node("Einsum", ["a", "w"], ["y"], equation="bct,cd->btd"),
        ],
        {"x": [2, 5]},
        [ints("classes", 10), constant("off_on", [0, 1]), weight("w", 10, 4)],
        2 * 5 * 10 * 4,
        (2, 5, 4),
    ),
    "steps written into a cache": (
        [node("TensorScatter", ["x", "new"], ["a"], axis=2), node("MatMul", ["a", "w"], ["y"])],
        {"x": [1, 2, 10, 8], "new": [1, 2, 1, 8]},
        [weight("w", 8, 4)],
        2 * 10 * 32,
        (1, 2, 10, 4),
    ),
    "noise drawn from nothing": (
        [node("RandomUniform", [], ["n"], shape=[1, 3, 8, 8]), node("Mul", ["x", "n"], ["a"]), CONV],
        {"x": [1, 3, 8, 8]},
        [weight("w", 4, 3, 1, 1)],
        12 * 64,
        (1, 4, 8, 8),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_OPS)
def test_counts_and_shapes_of_further_ops(name: str) -> None:
    nodes, shapes, stored, macs, shape = OTHER_OPS[name]
    graph = graph_of(nodes, shapes, stored, opset=24)
    assert graph.total_macs == macs
    assert graph.total_params == elements([x for x in stored if x.name in ("w", "k")])
    assert graph.outputs[0].shape == shape
    assert not [node for node in graph.unknown if not node.layer.flops]  # type: ignore[attr-defined]


@pytest.mark.parametrize("op", ["ScatterElements", "ScatterND"])
def test_what_is_scattered_reaches_the_output(op: str) -> None:
    nodes = [node("Conv", ["x", "w"], ["a"]), node(op, ["still", "at", "a"], ["y"])]
    at = ints("at", np.zeros((1, 4, 8, 8) if op == "ScatterElements" else (1, 4, 8, 8, 4)))
    graph = graph_of(
        nodes, {"x": [1, 3, 8, 8]}, [weight("w", 4, 3, 1, 1), constant("still", np.zeros((1, 4, 8, 8))), at]
    )
    assert [node.shape for node in graph.outputs] == [(1, 4, 8, 8)]
    assert graph.total_params == 12
