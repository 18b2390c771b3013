"""Damaged networks: whatever is done to a file, the answer is one clear line or a valid graph."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from costsim.errors import InputError
from costsim.graph import layers as L
from costsim.importers import load_network
from costsim.importers.json import from_dict, to_dict
from costsim.lowering import lower
from tests.strategies import layer_graphs
from validation.tflite_files import small_network as small_tflite

PARAMS = Path(__file__).parents[2] / "validation" / "data" / "ncnn" / "param"

# The deadline is there to find hangs, not to time anything
FUZZ = settings(max_examples=120, deadline=timedelta(seconds=30), suppress_health_check=list(HealthCheck))

NUMBERS = [-(2**63), -233, -1, 0, 1, 2, 3, 7, 64, 255, 2**31, 2**63 - 1, 10**30]
WORDS = ["", "=", "0=", "=0", "-23300=", "-23300=2,1", "0=nan", "0=1e999", "0=x", "\x00", "ü", "Convolution", "Input"]


def survives(load: Callable[[], Any]) -> None:
    """The load ends in an ``InputError`` of one line, or in a graph that can be costed."""
    try:
        graph = load()
        ops = lower(graph, fusion={"conv": ("relu",)}, views=("reshape",), elem_bytes=4, weight_elem_bytes=4)
    except InputError as error:
        assert str(error)
        assert "\n" not in str(error)
        return
    assert len(graph) > 1
    for node in graph:
        assert all(isinstance(dim, int) and dim > 0 for dim in node.shape)
        if isinstance(node.layer, (L.Conv2d, L.Linear, L.MatMul)):
            assert graph.loop_nest(node).macs > 0
    assert np.isfinite(ops.macs).all()
    assert len(ops) > 0


@st.composite
def damaged(draw: Any, whole: bytes) -> bytes:
    """A file with bytes flipped, cut out, doubled, or cut short."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.integers(1, 40))
        kind = draw(st.sampled_from(["flip", "cut", "double", "truncate", "insert"]))
        if kind == "flip" and data:
            data[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            del data[at : at + length]
        elif kind == "double":
            data[at:at] = data[at : at + length]
        elif kind == "truncate":
            del data[at:]
        else:
            data[at:at] = draw(st.binary(max_size=8))
    return bytes(data)


def load_bytes(data: bytes, suffix: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"net{suffix}"
        path.write_bytes(data)
        return load_network(path)


# ncnn


@cache
def param_lines(name: str) -> tuple[str, ...]:
    return tuple((PARAMS / f"{name}.param").read_text().splitlines())


@given(st.data(), st.sampled_from(["mobilenet_v3", "mobilenet_ssd", "nanodet_m", "yolov4-tiny", "blazeface"]))
@FUZZ
def test_param_files_with_wrong_words(data: Any, name: str) -> None:
    lines = [line.split() for line in param_lines(name)]
    for _ in range(data.draw(st.integers(1, 3))):
        words = lines[data.draw(st.integers(0, len(lines) - 1))]
        at = data.draw(st.integers(0, len(words) - 1))
        key, equals, _ = words[at].partition("=")
        number = str(data.draw(st.sampled_from(NUMBERS)))
        words[at] = data.draw(st.sampled_from([f"{key}{equals}{number}" if equals else number, *WORDS]))
    text = "\n".join(" ".join(words) for words in lines)
    survives(lambda: load_bytes(text.encode(), ".param"))


@given(st.data())
@FUZZ
def test_param_files_with_wrong_bytes(data: Any) -> None:
    whole = "\n".join(param_lines("squeezenet")).encode()
    mutated = data.draw(damaged(whole))
    survives(lambda: load_bytes(mutated, ".param"))


# JSON


@given(st.data(), layer_graphs(max_layers=6))
@FUZZ
def test_json_with_wrong_values(data: Any, graph: Any) -> None:
    tree = json.loads(json.dumps(to_dict(graph)))
    for _ in range(data.draw(st.integers(1, 3))):
        at, key = tree, "layers"
        while isinstance(at[key], (dict, list)) and at[key] and data.draw(st.integers(0, 4)):
            at = at[key]
            key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        at[key] = data.draw(
            st.one_of(st.sampled_from([*NUMBERS, *WORDS, None, True, [], {}, 1.5, [1, 2, 3]]), st.text())
        )
    survives(lambda: from_dict(tree))


@given(st.data())
@FUZZ
def test_json_with_wrong_bytes(data: Any) -> None:
    mutated = data.draw(damaged(small_json()))
    survives(lambda: load_bytes(mutated, ".json"))


@cache
def small_json() -> bytes:
    return json.dumps(to_dict(load_network(small_onnx()))).encode()


# ONNX


@cache
def small_onnx() -> onnx.ModelProto:
    """A few ops of every kind: windows, constants, shape arithmetic, a quantised pair, a branch of shapes."""
    weights = [
        numpy_helper.from_array(np.zeros((8, 4, 3, 3), np.float32), "w"),
        numpy_helper.from_array(np.zeros((8, 1, 3, 3), np.float32), "d"),
        numpy_helper.from_array(np.zeros((5, 32), np.float32), "f"),
        numpy_helper.from_array(np.array([0], np.int64), "first"),
        numpy_helper.from_array(np.array([-1], np.int64), "rest"),
        numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"),
        numpy_helper.from_array(np.float32(0.1), "s"),
        numpy_helper.from_array(np.uint8(0), "z"),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="/stem/conv/Conv", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Clip", ["a"], ["b"], name="/stem/act/Clip"),
        helper.make_node("Conv", ["b", "d"], ["c"], group=8, auto_pad="SAME_UPPER"),
        helper.make_node("Split", ["c"], ["c1", "c2"], axis=1),
        helper.make_node("Concat", ["c2", "c1"], ["e"], axis=1),
        helper.make_node("Add", ["e", "b"], ["g"]),
        helper.make_node("Resize", ["g", "", "scales"], ["h"], mode="nearest"),
        helper.make_node("QuantizeLinear", ["h", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["i"]),
        helper.make_node("MaxPool", ["i"], ["j"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Shape", ["j"], ["k"]),
        helper.make_node("Gather", ["k", "first"], ["l"]),
        helper.make_node("Concat", ["l", "rest"], ["m"], axis=0),
        helper.make_node("Reshape", ["j", "m"], ["n"]),
        helper.make_node("Gemm", ["n", "f"], ["o"], transB=1),
        helper.make_node("Softmax", ["o"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "fuzz",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 4, 8, 8))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 5))],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])


def test_the_undamaged_model_is_fine() -> None:
    assert load_network(small_onnx()).total_macs == 4 * 4 * 8 * 36 + 4 * 4 * 8 * 9 + 5 * 32


@given(st.data())
@FUZZ
def test_onnx_with_wrong_bytes(data: Any) -> None:
    mutated = data.draw(damaged(small_onnx().SerializeToString()))
    survives(lambda: load_bytes(mutated, ".onnx"))


@given(st.data())
@FUZZ
def test_onnx_with_wrong_values(data: Any) -> None:
    model = onnx.ModelProto()
    model.CopyFrom(small_onnx())
    for _ in range(data.draw(st.integers(1, 3))):
        data.draw(st.sampled_from([wrong_attribute, wrong_tensor, wrong_wiring, wrong_input]))(data, model.graph)
    mutated = model.SerializeToString()
    survives(lambda: load_bytes(mutated, ".onnx"))


def number(data: Any) -> int:
    return data.draw(st.sampled_from([n for n in NUMBERS if -(2**63) <= n < 2**63]))


def wrong_attribute(data: Any, graph: onnx.GraphProto) -> None:
    node = data.draw(st.sampled_from([n for n in graph.node if n.attribute]))
    attribute = data.draw(st.sampled_from(list(node.attribute)))
    if attribute.ints:
        attribute.ints[data.draw(st.integers(0, len(attribute.ints) - 1))] = number(data)
    elif data.draw(st.booleans()):
        attribute.i = number(data)
    else:
        attribute.type = data.draw(st.integers(0, 14))


def wrong_tensor(data: Any, graph: onnx.GraphProto) -> None:
    tensor = data.draw(st.sampled_from(list(graph.initializer)))
    kind = data.draw(st.sampled_from(["dims", "values", "type", "external"]))
    if kind == "dims" and tensor.dims:
        tensor.dims[data.draw(st.integers(0, len(tensor.dims) - 1))] = number(data)
    elif kind == "values":
        tensor.raw_data = data.draw(st.binary(min_size=0, max_size=32))
    elif kind == "type":
        tensor.data_type = data.draw(st.integers(0, 30))
    else:
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=data.draw(st.sampled_from(["", "gone", "/etc/hostname", ".."])))


def wrong_wiring(data: Any, graph: onnx.GraphProto) -> None:
    node = data.draw(st.sampled_from(list(graph.node)))
    names = [name for n in graph.node for name in (*n.input, *n.output)]
    kind = data.draw(st.sampled_from(["input", "output", "op", "drop"]))
    if kind == "input":
        node.input[data.draw(st.integers(0, len(node.input) - 1))] = data.draw(st.sampled_from(names))
    elif kind == "output":
        node.output[0] = data.draw(st.sampled_from(names))
    elif kind == "op":
        ops = ["Conv", "Gemm", "Reshape", "Loop", "If", "Mystery", "Tile", "Expand", "Slice", "Gather", "LSTM", "Pad"]
        node.op_type = data.draw(st.sampled_from(ops))
    else:
        graph.node.remove(node)


def wrong_input(data: Any, graph: onnx.GraphProto) -> None:
    dims = graph.input[0].type.tensor_type.shape.dim
    dims[data.draw(st.integers(0, 3))].dim_value = number(data)


# TFLite


@given(st.data())
@FUZZ
def test_tflite_files_with_wrong_bytes(data: Any) -> None:
    mutated = data.draw(damaged(small_tflite()))
    survives(lambda: load_bytes(mutated, ".tflite"))
