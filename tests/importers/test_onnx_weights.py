"""Parameters of ONNX files are the elements of the stored tensors, each counted once, whatever reads it."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from costsim.importers import load_network

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


def weight(name: str, *shape: int) -> Any:
    return numpy_helper.from_array(np.full(shape, 0.5, np.float32), name)


def ints(name: str, values: Any) -> Any:
    return numpy_helper.from_array(np.asarray(values, np.int64), name)


def node(op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> Any:
    return helper.make_node(op, inputs, outputs, **attributes)


def graph_of(nodes: list[Any], shapes: dict[str, Any], stored: list[Any], opset: int = 17, **options: Any) -> Any:
    """The graph costsim reads; the last node's first output is the network's."""
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    outputs = [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)]
    model = helper.make_model(
        helper.make_graph(nodes, "net", inputs, outputs, stored), opset_imports=[helper.make_opsetid("", opset)]
    )
    return load_network(model, **options)


def elements(stored: list[Any]) -> int:
    return sum(prod(t.dims) for t in stored if t.data_type == TensorProto.FLOAT)


PAIR = {"a": [1, 16], "b": [1, 16]}
MAP = {"x": [1, 6, 4, 4]}

SHARED = {
    "gemm": (
        [node("Gemm", [i, "w", "c"], [i + "y"], transB=1) for i in "ab"] + [node("Sub", ["ay", "by"], ["y"])],
        PAIR,
        [weight("w", 8, 16), weight("c", 8)],
    ),
    "matmul": (
        [node("MatMul", [i, "w"], [i + "y"]) for i in "ab"] + [node("Sub", ["ay", "by"], ["y"])],
        PAIR,
        [weight("w", 16, 8)],
    ),
    "tied embedding": (
        [
            node("MatMul", ["a", "w"], ["h"]),
            node("Transpose", ["w"], ["wt"], perm=[1, 0]),
            node("MatMul", ["h", "wt"], ["y"]),
        ],
        PAIR,
        [weight("w", 16, 8)],
    ),
    "layer norm": (
        [node("LayerNormalization", [i, "w", "c"], [i + "y"]) for i in "ab"] + [node("Add", ["ay", "by"], ["y"])],
        PAIR,
        [weight("w", 16), weight("c", 16)],
    ),
    "slope": (
        [node("PRelu", ["x", "s"], ["h"]), node("PRelu", ["h", "s"], ["y"])],
        MAP,
        [weight("s", 6, 1, 1)],
    ),
    "gain": ([node("Mul", ["x", "g"], ["h"]), node("Mul", ["h", "g"], ["y"])], MAP, [weight("g", 6, 1, 1)]),
}


@pytest.mark.parametrize("kind", SHARED)
def test_a_tensor_read_twice_counts_once(kind: str) -> None:
    nodes, shapes, stored = SHARED[kind]
    assert graph_of(nodes, shapes, stored).total_params == elements(stored)


@pytest.mark.parametrize("shape", [(6, 1, 1), (1, 6, 1, 1), (1,), (1, 1, 1)], ids=str)
def test_slopes_count_in_every_form(shape: tuple[int, ...]) -> None:
    assert graph_of([node("PRelu", ["x", "s"], ["y"])], MAP, [weight("s", *shape)]).total_params == prod(shape)


def test_a_token_that_is_expanded_counts_as_stored() -> None:
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Concat", ["n", "rest"], ["full"], axis=0),
        node("Expand", ["token", "full"], ["t"]),
        node("Concat", ["t", "x"], ["y"], axis=1),
    ]
    stored = [ints("zero", [0]), ints("rest", [1, 8]), weight("token", 1, 1, 8)]
    assert graph_of(nodes, {"x": ["n", 4, 8]}, stored, batch=3).total_params == 8


def test_a_table_counts_as_a_table_and_not_as_what_is_looked_up() -> None:
    nodes = [node("Gather", ["table", "where"], ["t"]), node("Add", ["x", "t"], ["y"])]
    stored = [weight("table", 3, 8), ints("where", [0, 1, 2, 1, 0])]
    assert graph_of(nodes, {"x": [1, 5, 8]}, stored).total_params == 24


@pytest.mark.parametrize("op", ["Concat", "Add"])
def test_zeros_made_at_run_time_are_no_parameters(op: str) -> None:
    attributes = {"axis": 1} if op == "Concat" else {}
    nodes = [node("ConstantOfShape", ["size"], ["z"]), node(op, ["x", "z"], ["y"], **attributes)]
    assert graph_of(nodes, MAP, [ints("size", [1, 6, 4, 4])]).total_params == 0


@pytest.mark.parametrize("chosen", [[-1], [-2, -1], [0, -1]], ids=str)
def test_gather_counts_negative_lists_from_the_end(chosen: list[int]) -> None:
    graph = graph_of([node("Gather", ["x", "i"], ["y"], axis=2)], MAP, [ints("i", chosen)])
    assert graph.outputs[0].shape == (1, 6, len(chosen), 4)


def test_index_tables_of_a_few_thousand_elements_are_read_with_their_values(tmp_path: Path) -> None:
    """As windowed attention stores them: 49 x 49 whole numbers, 19 KB."""
    nodes = [
        node("Gather", ["table", "at"], ["bias"], axis=1),
        node("MatMul", ["x", "x"], ["scores"]),
        node("Add", ["scores", "bias"], ["y"]),
    ]
    stored = [weight("table", 4, 169), ints("at", np.arange(49 * 49).reshape(49, 49) % 169)]
    shape = [1, 4, 49, 49]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    model = helper.make_model(
        helper.make_graph(nodes, "net", inputs, outputs, stored), opset_imports=[helper.make_opsetid("", 17)]
    )
    onnx.save(model, tmp_path / "net.onnx")
    assert load_network(tmp_path / "net.onnx").total_params == 4 * 169


def test_rows_of_a_table_by_a_long_list_are_folded() -> None:
    """As attention with relative positions stores them: more places than are read with their values."""
    nodes = [node("Gather", ["table", "at"], ["rows"]), node("Reshape", ["rows", "size"], ["bias"])]
    nodes += [node("MatMul", ["x", "x"], ["scores"]), node("Add", ["scores", "bias"], ["y"])]
    stored = [weight("table", 169, 1), ints("at", np.zeros(100 * 100)), ints("size", [1, 100, 100])]
    assert graph_of(nodes, {"x": [1, 100, 100]}, stored).total_params == 169
