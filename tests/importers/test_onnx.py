"""What the ONNX importer makes of single ops, open dimensions, quantised graphs and damaged files."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.graph import layers as L
from costsim.importers import load_network

IMAGE = ("x", (1, 4, 8, 8))


def weight(name: str, *shape: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.zeros(shape, np.float32), name)


def numbers(name: str, *values: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def model(
    nodes: list[onnx.NodeProto],
    stored: list[onnx.TensorProto] | None = None,
    inputs: tuple[tuple[str, tuple[Any, ...]], ...] = (IMAGE,),
    opset: int = 17,
    output: tuple[int, ...] | None = None,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        stored or [],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def node(op: str, *inputs: str, to: str = "y", **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op, list(inputs), [to], name=f"a/{op}", **attributes)


def layers(graph: LayerGraph) -> list[L.Layer]:
    return [n.layer for n in graph][1:]


CONV = node("Conv", "x", "w", pads=[1, 1, 1, 1])
WEIGHT = weight("w", 8, 4, 3, 3)

SINGLE_OPS: list[tuple[onnx.NodeProto, list[onnx.TensorProto], list[L.Layer], int]] = [
    (CONV, [WEIGHT], [L.Conv2d(8, 3)], 17),
    (node("Conv", "x", "w", "b", strides=[2, 2], auto_pad="SAME_UPPER"), [WEIGHT, weight("b", 8)],
     [L.Conv2d(8, 3, 2, (0, 1, 0, 1), bias=True)], 17),
    (node("Conv", "x", "w", group=4), [weight("w", 4, 1, 3, 3)], [L.Conv2d(4, 3, padding=0, groups=4)], 7),
    (node("ConvTranspose", "x", "w", strides=[2, 2], output_padding=[1, 1], pads=[1, 1, 1, 1]),
     [weight("w", 4, 6, 3, 3)], [L.ConvTranspose2d(6, 3, 2, 1, output_padding=(1, 1))], 17),
    (node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1), [],
     [L.Pool2d(3, 2, ceil_mode=True)], 17),
    (node("GlobalAveragePool", "x"), [], [L.GlobalPool()], 17),
    (node("ReduceMean", "x", axes=[2, 3], keepdims=0), [], [L.GlobalPool(), L.Flatten()], 17),
    (node("ReduceMean", "x", "a"), [numbers("a", 1)], [L.Reduce((1,))], 18),
    (node("Clip", "x", min=0.0, max=6.0), [], [L.Activation("relu6")], 7),
    (node("Mul", "x", "s"), [weight("s", 4, 1, 1)], [L.Multiply(const_elems=4)], 17),
    (node("Mul", "x", "s"), [weight("s", 1)], [L.Multiply(learned=1)], 17),
    (node("Mul", "x", "s"), [weight("s")], [L.Multiply()], 17),
    (node("Add", "x", "s"), [weight("s", 8, 4, 8, 8)], [L.Constant((8, 4, 8, 8)), L.Add()], 17),
    (node("Slice", "x", starts=[1], ends=[3], axes=[1]), [], [L.Slice(1, 3)], 9),
    (node("Slice", "x", "s", "e", "a", "t"),
     [numbers("s", 0), numbers("e", 2**31 - 1), numbers("a", -1), numbers("t", 2)], [L.Slice(0, 8, 3, 2)], 17),
    (node("Gather", "x", "i", axis=1), [numbers("i", 3, 1, 2)], [L.IndexSelect(3, 1)], 17),
    (node("Reshape", "x", "s"), [numbers("s", 0, -1)], [L.Flatten()], 17),
    (node("Reshape", "x", "s"), [numbers("s", 2, 2, 8, 8)], [L.Reshape((2, 8, 8), 2)], 17),
    (node("Transpose", "x", perm=[0, 2, 3, 1]), [], [L.Transpose((0, 2, 3, 1))], 17),
    (node("Resize", "x", "", "s"), [numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "s")],
     [L.Upsample(2)], 17),
    (node("Resize", "x", "", "", "s", mode="linear"), [numbers("s", 1, 4, 5, 7)],
     [L.Upsample(None, size=(5, 7), mode="bilinear")], 17),
    (node("Pad", "x", "p"), [numbers("p", 0, 0, 1, 2, 0, 0, 3, 4)], [L.Pad((1, 3, 2, 4))], 17),
    (node("DepthToSpace", "x", blocksize=2), [], [L.DepthToSpace(2)], 17),
    (node("Tile", "x", "r"), [numbers("r", 1, 3, 1, 1)], [L.Concat(1)], 17),
    (node("PRelu", "x", "s"), [weight("s", 4, 1, 1)], [L.Activation("prelu")], 17),
    (node("LayerNormalization", "x", "s", "b"), [weight("s", 8), weight("b", 8)], [L.LayerNorm()], 17),
    (node("InstanceNormalization", "x", "s", "b"), [weight("s", 4), weight("b", 4)], [L.GroupNorm(4)], 17),
]  # fmt: skip


@pytest.mark.parametrize(("op", "stored", "expected", "opset"), SINGLE_OPS, ids=lambda v: getattr(v, "op_type", ""))
def test_single_ops(op: onnx.NodeProto, stored: list[onnx.TensorProto], expected: list[L.Layer], opset: int) -> None:
    assert layers(load_network(model([op], stored, opset=opset))) == expected


def test_module_paths_become_blocks() -> None:
    names = ["/stem/conv/Conv", "/stage1/stage1.unit1/conv/Conv", "/stage1/stage1.unit1/Add", "Relu_7"]
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name=names[0], pads=[1] * 4),
        helper.make_node("Conv", ["a", "v"], ["b"], name=names[1], pads=[1] * 4),
        helper.make_node("Add", ["a", "b"], ["c"], name=names[2]),
        helper.make_node("Relu", ["c"], ["y"], name=names[3]),
    ]
    graph = load_network(model(nodes, [WEIGHT, weight("v", 8, 8, 3, 3)]))
    assert [(n.name, n.block) for n in graph][1:] == [
        ("stem.conv.Conv", "stem"),
        ("stage1.unit1.conv.Conv", "stage1.unit1"),
        ("stage1.unit1.Add", "stage1.unit1"),
        ("Relu_7", ""),
    ]


def test_shape_arithmetic_leaves_nothing_behind() -> None:
    nodes = [
        node("Shape", "x", to="shape"),
        node("Gather", "shape", "first", to="batch"),
        node("Concat", "batch", "rest", to="target", axis=0),
        node("Reshape", "x", "target"),
    ]
    graph = load_network(model(nodes, [numbers("first", 0), numbers("rest", -1)], (("x", ("N", 4, 8, 8)),)), batch=3)
    assert layers(graph) == [L.Flatten()]
    assert graph.outputs[0].shape == (3, 256)


def test_open_dimensions_are_bound_or_asked_for() -> None:
    open_model = model([CONV], [WEIGHT], (("x", ("N", 4, "height", "width")),))
    assert load_network(open_model, (4, 16, 24)).outputs[0].shape == (1, 8, 16, 24)
    with pytest.raises(InputError, match=r"input 'x': leaves dimensions open: height, width; give them: --input-size"):
        load_network(open_model)
    assert load_network(model([CONV], [WEIGHT]), (4, 16, 24), 2).input_shape == (2, 4, 16, 24)


def test_two_inputs_share_an_open_dimension() -> None:
    shape = ("N", 4, "h", "w")
    graph = load_network(model([node("Add", "x", "z")], [], (("x", shape), ("z", shape))), (4, 5, 6))
    assert [n.shape for n in graph.inputs] == [(1, 4, 5, 6)] * 2


def test_quantised_graph_of_both_styles() -> None:
    scale = numpy_helper.from_array(np.float32(0.1), "s")
    zero = numpy_helper.from_array(np.uint8(0), "z")
    int_weight = numpy_helper.from_array(np.zeros((8, 4, 3, 3), np.int8), "w")
    int_zero = numpy_helper.from_array(np.int8(0), "wz")
    pairs = model(
        [
            node("QuantizeLinear", "x", "s", "z", to="xq"),
            node("DequantizeLinear", "xq", "s", "z", to="xd"),
            node("DequantizeLinear", "w", "s", "wz", to="wd"),
            node("Conv", "xd", "wd", to="c"),
            node("QuantizeLinear", "c", "s", "z", to="q"),
            node("DequantizeLinear", "q", "s", "z"),
        ],
        [scale, zero, int_weight, int_zero],
    )
    fused = model(
        [
            node("QuantizeLinear", "x", "s", "z", to="xq"),
            node("QLinearConv", "xq", "s", "z", "w", "s", "wz", "s", "z"),
        ],
        [scale, zero, int_weight, int_zero],
    )
    for quantised in (pairs, fused):
        graph = load_network(quantised)
        assert layers(graph) == [L.Conv2d(8, 3, padding=0)]
        assert "int8" in graph.notes[0]


def test_a_weight_used_twice_is_counted_once() -> None:
    heads = [node("Conv", "x", "w", to="a"), node("Relu", "x", to="p"), node("Conv", "p", "w", to="b")]
    head = [*heads, node("Add", "a", "b")]
    graph = load_network(model(head, [WEIGHT]))
    assert [n.layer.shared for n in graph if isinstance(n.layer, L.Conv2d)] == [False, True]
    assert graph.total_params == 8 * 4 * 3 * 3


def test_an_unknown_op_keeps_its_bytes() -> None:
    sampling = helper.make_node("GridSample", ["x", "grid"], ["y"], name="warp")
    graph = load_network(model([sampling], [weight("grid", 1, 5, 4, 2)], (("x", (1, 3, 8, 8)),)))
    unknown = graph.unknown[0]
    assert unknown.layer == L.Unknown("GridSample", (1, 3, 5, 4), flops=8 * 60)
    assert graph.total_params == 40
    assert graph.notes == ("ops without a layer of their own, bytes and arithmetic counted: GridSample",)


def test_local_functions_are_inlined() -> None:
    body = [helper.make_node("Relu", ["a"], ["b"])]
    opsets = [helper.make_opsetid("", 17)]
    function = helper.make_function("local", "Wrapped", ["a"], ["b"], body, opsets)
    wrapped = helper.make_node("Wrapped", ["x"], ["y"], domain="local")
    whole = model([wrapped])
    whole.opset_import.append(helper.make_opsetid("local", 1))
    whole.functions.append(function)
    assert layers(load_network(whole)) == [L.Activation("relu")]


def test_a_branch_that_shapes_decide_is_taken() -> None:
    then, other = (
        helper.make_graph([node(op, "x", to=op)], op, [], [helper.make_tensor_value_info(op, 1, None)])
        for op in ("Relu", "Tanh")
    )
    nodes = [node("Size", "x", to="n"), node("Greater", "n", "limit", to="c")]
    branching = node("If", "c", then_branch=then, else_branch=other)
    assert layers(load_network(model([*nodes, branching], [numbers("limit", 100)]))) == [L.Activation("relu")]
    assert layers(load_network(model([*nodes, branching], [numbers("limit", 999)]))) == [L.Activation("tanh")]


def broken_models() -> dict[str, tuple[onnx.ModelProto, str]]:
    inner = helper.make_graph([node("Relu", "x", to="i")], "then", [], [helper.make_tensor_value_info("i", 1, None)])
    deciding = [node("ReduceMax", "x", to="m", keepdims=0), node("Greater", "m", "m", to="c")]
    external = numbers("s", 0, -1)
    external.ClearField("raw_data")
    external.data_location = TensorProto.EXTERNAL
    external.external_data.add(key="location", value="gone.bin")
    short = numbers("s", 0, -1)
    short.dims[0] = 2**31
    conv, reshape = node("Conv", "x", "w"), node("Reshape", "x", "s")
    relus = [node("Relu", "x"), node("Relu", "x")]
    branching = node("If", "c", then_branch=inner, else_branch=inner)
    return {
        "old opset": (model([CONV], [WEIGHT], opset=6), r"opset 6; convert it to one of 7 to"),
        "future opset": (model([CONV], [WEIGHT], opset=999), r"opset 999; convert it"),
        "control flow": (model([*deciding, branching]), "If 'a.If': control flow"),
        "cycle": (model([node("Relu", "y", to="z"), node("Relu", "z")]), "Relu 'a.Relu': reads 'y', which nothing"),
        "twice": (model(relus), "writes 'y', which is already there"),
        "channels": (model([conv], [weight("w", 8, 3, 3, 3)]), "weight needs 3 channels, the input has 4"),
        "rank": (model([conv], [weight("w", 8, 4, 3)]), r"a weight of shape \(8, 4, 3\) for an input"),
        "too small": (model([conv], [weight("w", 8, 4, 9, 9)]), "its output would be empty"),
        "reshape": (model([reshape], [numbers("s", 3, -1)]), r"cannot reshape \(1, 4, 8, 8\)"),
        "external": (model([reshape], [external]), "its values are not in the file; put the external data"),
        "bytes": (model([reshape], [short]), r"initializer 's': holds 16 bytes for a shape of \(2147483648,\)"),
        "declared": (model([CONV], [WEIGHT], output=(1, 8, 9, 9)), r"output 'y': the file declares \(1, 8, 9, 9\)"),
        "negative": (model([CONV], [WEIGHT], (("x", (1, 4, -8, 8)),)), "leaves dimensions open"),
        "no nodes": (model([]), "it holds no graph"),
    }


@pytest.mark.parametrize("case", broken_models())
def test_a_broken_model_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    broken, message = broken_models()[case]
    path = tmp_path / "net.onnx"
    path.write_bytes(broken.SerializeToString())
    with pytest.raises(InputError, match=message) as caught:
        load_network(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    whole = model([CONV], [WEIGHT]).SerializeToString()
    path = tmp_path / "net.onnx"
    not_utf8 = whole.replace(b"a/Conv", b"a/\x80onv")
    for damaged in (whole[:-40], whole[5:], b"", b"\x7fELF" + bytes(200), b"not a model at all", not_utf8):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"net\.onnx: "):
            load_network(path)


def test_large_weights_are_never_read(tmp_path: Path) -> None:
    """A file of 100 MB costs the memory of its graph."""
    path = tmp_path / "large.onnx"
    big = model([node("Flatten", "x", to="f"), node("MatMul", "f", "w")], [weight("w", 256, 102_400)])
    path.write_bytes(big.SerializeToString())
    del big
    assert path.stat().st_size > 100e6
    tracemalloc.start()
    graph = load_network(path)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert graph.total_params == 256 * 102_400
    assert peak_bytes < 5e6


def test_without_the_package_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"reading ONNX needs the package onnx; pip install 'costsim\[onnx\]'"):
        load_network(tmp_path / "net.onnx")
