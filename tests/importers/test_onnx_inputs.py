"""Sizes of ONNX inputs: any rank, several inputs, open dimensions; and what lies behind data-dependent sizes."""

from __future__ import annotations

from typing import Any

import pytest

from costsim.errors import InputError
from costsim.network import Network, parse_input_size
from tests.importers.test_onnx_weights import graph_of, ints, node, weight


@pytest.mark.parametrize("text, size", [("1x16000", (1, 16000)), ("128", (128,)), ("3x4x8x8", (3, 4, 8, 8))])
def test_sizes_of_any_rank_are_read(text: str, size: tuple[int, ...]) -> None:
    assert parse_input_size(text) == size


@pytest.mark.parametrize("text", ["", "0x3", "3x", "axb", "3x-1"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a size"):
        parse_input_size(text)


@pytest.mark.parametrize("size", ["128", "3x64", "3x4x8x8"])
def test_networks_of_the_zoo_take_three_numbers(size: str) -> None:
    with pytest.raises(InputError, match="write"):
        Network("squeezenet_1_1", input_size=size)


def test_an_image_without_a_batch_axis_takes_its_size() -> None:
    nodes = [node("Unsqueeze", ["x", "front"], ["u"]), node("Conv", ["u", "w"], ["y"])]
    stored = [ints("front", [0]), weight("w", 4, 3, 1, 1)]
    assert graph_of(nodes, {"x": [3, "h", "w"]}, stored, opset=13, input_size=(3, 8, 8)).total_macs == 768


@pytest.mark.parametrize("boxes", [[10, 4], [3, 10, 4]], ids=str)
def test_the_batch_leaves_side_inputs_of_fixed_size_alone(boxes: list[int]) -> None:
    nodes = [node("Relu", ["x"], ["a"]), node("Sigmoid", ["boxes"], ["b"]), node("Sigmoid", ["b"], ["c"])]
    nodes.append(node("Add", ["a", "scalar"], ["y"]))
    shapes: dict[str, Any] = {"x": ["n", 3, 8, 8], "boxes": boxes, "scalar": ["n", 1, 1, 1]}
    graph = graph_of(nodes, shapes, [], batch=2)
    assert [node.shape for node in graph.inputs] == [(2, 3, 8, 8), tuple(boxes), (2, 1, 1, 1)]
    named = graph_of(nodes, shapes, [], batch=2, input_size={"x": (3, 16, 16), "boxes": tuple(boxes[1:])})
    assert [node.shape for node in named.inputs] == [(2, 3, 16, 16), tuple(boxes), (2, 1, 1, 1)]


def test_open_sizes_of_a_second_image_are_those_asked_for() -> None:
    nodes = [node("Conv", [i, "w"], [i + "y"]) for i in "ab"] + [node("Sub", ["ay", "by"], ["y"])]
    shapes: dict[str, Any] = {"a": ["n", 3, "h", "w"], "b": ["n", 3, "h2", "w2"]}
    assert graph_of(nodes, shapes, [weight("w", 2, 3, 1, 1)], input_size=(3, 8, 8)).total_macs == 768


def test_open_dimensions_are_named_in_the_mend() -> None:
    with pytest.raises(InputError, match="--input-size 1xsamples"):
        graph_of([node("Relu", ["x"], ["y"])], {"x": ["n", 1, "samples"]}, [])


def test_the_open_length_of_a_vector_is_no_batch() -> None:
    nodes, shapes = [node("MatMul", ["x", "w"], ["y"])], {"x": ["samples"]}
    with pytest.raises(InputError, match="leaves dimensions open: samples; give them: --input-size samples"):
        graph_of(nodes, shapes, [weight("w", 5, 4)])
    assert graph_of(nodes, shapes, [weight("w", 5, 4)], input_size=(5,)).total_macs == 20


def test_a_batch_written_into_a_reshape_is_named() -> None:
    nodes = [node("Reshape", ["x", "size"], ["y"])]
    with pytest.raises(InputError, match="fixed batch of 1"):
        graph_of(nodes, {"x": [1, 3, 4, 4]}, [ints("size", [1, 48])], batch=4)


@pytest.mark.parametrize("op", ["NonZero", "Unique", "NonMaxSuppression"])
def test_the_network_before_a_data_dependent_op_is_counted_in_full(op: str) -> None:
    boxes = [node("Reshape", ["a", "boxes"], ["b"]), node("Reshape", ["a", "scores"], ["s"])]
    read = ["b", "s"] if op == "NonMaxSuppression" else ["a"]
    nodes = [node("Conv", ["x", "w"], ["a"]), *boxes, node(op, read, ["n"]), node("Cast", ["n"], ["c"], to=1)]
    nodes.append(node("Relu", ["c"], ["y"]))
    stored = [weight("w", 4, 3, 1, 1), ints("boxes", [1, 64, 4]), ints("scores", [1, 4, 64])]
    graph = graph_of(nodes, {"x": [1, 3, 8, 8]}, stored)
    assert (graph.total_macs, graph.total_params) == (768, 12)
    assert any(note.startswith(f"cut at {op}") and "2 ops behind" in note for note in graph.notes)


def test_group_norm_written_with_instances_has_the_weights_of_its_own() -> None:
    nodes = [
        node("Reshape", ["x", "grouped"], ["g"]),
        node("ConstantOfShape", ["four"], ["zeros"]),
        node("InstanceNormalization", ["g", "ones", "zeros"], ["n"]),
        node("Reshape", ["n", "back"], ["m"]),
        node("Mul", ["m", "scale"], ["y"]),
    ]
    ones = weight("ones", 4)
    ones.raw_data = b"\x00\x00\x80\x3f" * 4
    stored = [ints("grouped", [1, 4, -1]), ints("four", [4]), ones, ints("back", [1, 16, 8, 8])]
    graph = graph_of(nodes, {"x": [1, 16, 8, 8]}, [*stored, weight("scale", 16, 1, 1)])
    assert graph.total_params == 16
