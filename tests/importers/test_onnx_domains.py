"""Ops of ONNX's other domains beside a network, weights in few bits, and what is computed where it is mostly stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from costsim.importers import load_network
from tests.importers.test_onnx_weights import graph_of, ints, node, weight

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

SEQUENCE = {"x": [1, 5, 8], "e": [1, 4]}
MAPS = {"x": [1, 3, 8, 8]}
CONV = node("Conv", ["x", "w"], ["c"])
KERNEL = weight("w", 4, 3, 3, 3)
STYLE = [node("MatMul", ["e", "v"], ["s"]), node("Squeeze", ["s", "first"], ["t"])]
FEW_BITS = {
    "MatMulBnb4": (
        node("MatMulBnb4", ["x", "q", "s"], ["y"], domain="com.microsoft", K=32, N=8, block_size=16, quant_type=1),
        (1, 5, 32),
        np.zeros(128, np.uint8),
        (5 * 32 * 8, 32 * 8),
    ),
    "GatherBlockQuantized": (
        node("GatherBlockQuantized", ["q", "x", "s"], ["y"], domain="com.microsoft", gather_axis=0, bits=4),
        (1, 5),
        np.zeros((10, 16), np.uint8),
        (0, 10 * 32),
    ),
}


@pytest.mark.parametrize("op", FEW_BITS)
def test_weights_of_few_bits_count_as_many_as_they_stand_for(op: str) -> None:
    written, shape, packed, expected = FEW_BITS[op]
    stored = [numpy_helper.from_array(packed, "q"), weight("s", 16)]
    words = TensorProto.INT64 if op.startswith("Gather") else TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info("x", words, shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    graph = load_network(
        helper.make_model(helper.make_graph([written], "net", inputs, outputs, stored), opset_imports=opsets)
    )
    assert (graph.total_macs, graph.total_params) == expected
    assert not graph.unknown


def test_labels_and_a_map_of_probabilities_behind_a_network() -> None:
    """As services that train image classifiers export them."""
    nodes = [
        CONV,
        node("GlobalAveragePool", ["c"], ["g"]),
        node("Flatten", ["g"], ["f"]),
        node("Softmax", ["f"], ["p"]),
        node("ArgMax", ["p"], ["i"], axis=1),
        node("ArrayFeatureExtractor", ["k", "i"], ["label"], domain="ai.onnx.ml"),
        node("ZipMap", ["p"], ["loss"], domain="ai.onnx.ml", classlabels_int64s=[0, 1, 2, 3]),
    ]
    kind = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT64, [1, 1]),
        helper.make_value_info("loss", helper.make_sequence_type_proto(kind)),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, MAPS["x"])]
    graph = helper.make_graph(nodes, "net", inputs, outputs, [KERNEL, ints("k", [5, 6, 7, 8])])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    network = load_network(helper.make_model(graph, opset_imports=opsets))
    assert (network.total_macs, network.total_params) == (108 * 36, 108)
    assert not network.unknown
    assert not network.notes


NORMS = {
    "LayerNormalization": (SEQUENCE, 8, ["x", "t"], 17),
    "RMSNormalization": (SEQUENCE, 8, ["x", "t"], 23),
    "InstanceNormalization": ({"x": [1, 3, 8, 8], "e": [1, 4]}, 3, ["x", "t", "t"], 17),
}


@pytest.mark.parametrize("op", NORMS)
def test_a_norm_is_scaled_by_what_is_computed(op: str) -> None:
    shapes, width, reads, opset = NORMS[op]
    graph = graph_of([*STYLE, node(op, reads, ["y"])], shapes, [weight("v", 4, width), ints("first", [0])], opset)
    assert (graph.total_macs, graph.total_params) == (4 * width, 4 * width)
    assert any(len(n.inputs) == 2 and n.placed.op == "mul" for n in graph)
    assert not graph.notes


def test_a_bound_of_a_clip_is_computed() -> None:
    nodes = [CONV, node("ReduceMax", ["c"], ["m"], keepdims=0), node("Clip", ["c", "", "m"], ["y"])]
    graph = graph_of(nodes, MAPS, [KERNEL])
    assert graph.outputs[0].shape == (1, 4, 6, 6)
    assert len(graph.outputs[0].inputs) == 2


@pytest.mark.parametrize("like", ["c", "zeros"])
def test_noise_is_drawn_in_the_shape_of_a_map_or_of_a_constant(like: str) -> None:
    nodes = [CONV, node("RandomNormalLike", [like], ["n"]), node("Add", ["c", "n"], ["y"])]
    zeros = numpy_helper.from_array(np.zeros((1, 1, 6, 6), np.float32), "zeros")
    graph = graph_of(nodes, MAPS, [KERNEL, *([zeros] if like == "zeros" else [])])
    assert (graph.total_macs, graph.total_params) == (108 * 36, 108)
    assert len(graph.outputs[0].inputs) == 2
    assert not graph.unknown
    assert not [note for note in graph.notes if "zeros" not in note]


SIZES: dict[str, tuple[Any, list[int], tuple[int, ...]]] = {
    "channels last": (node("Resize", ["x", "", "s"], ["y"], mode="nearest"), [1, 8, 8, 3], (1, 16, 24, 3)),
    "six axes": (node("Resize", ["x", "", "s"], ["y"], mode="linear"), [1, 2, 2, 2, 4, 4], (1, 2, 2, 2, 8, 8)),
}


@pytest.mark.parametrize("kind", SIZES)
def test_any_axes_are_resized(kind: str) -> None:
    resize, before, after = SIZES[kind]
    scales = numpy_helper.from_array(np.divide(after, before).astype(np.float32), "s")
    graph = graph_of([resize], {"x": before}, [scales])
    assert graph.outputs[0].shape == after
    assert not graph.unknown


def test_a_map_is_cropped_and_padded_to_its_centre() -> None:
    crop = node("CenterCropPad", ["x", "s"], ["r"], axes=[2, 3])
    graph = graph_of([crop, node("Conv", ["r", "w"], ["y"])], MAPS, [ints("s", [6, 11]), KERNEL], 18)
    assert graph.total_macs == 108 * 4 * 9


def test_boxes_are_pooled_by_their_largest() -> None:
    pool = node("MaxRoiPool", ["x", "r"], ["p"], pooled_shape=[4, 4])
    graph = graph_of([pool, node("Conv", ["p", "w"], ["y"])], {**MAPS, "r": [5, 5]}, [KERNEL])
    assert graph.total_macs == 5 * 108 * 4
    assert not graph.unknown
