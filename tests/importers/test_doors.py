"""What all doors share: names of files, sizes by the name of an input, rows of one product, constants in joins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import costsim
from costsim.cli import cli
from costsim.errors import CostsimError, InputError
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph import layers as L
from costsim.importers import load_network
from costsim.importers.json import save_network
from costsim.network import Network, parse_input_sizes
from tests.importers.test_onnx_weights import graph_of, node, weight
from validation.tflite_files import small_network as small_tflite

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

# Names of files


def onnx_file(folder: Path, name: str) -> Path:
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])]
    made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 8, 8])]
    graph = helper.make_graph([node("Conv", ["x", "w"], ["y"])], "net", given, made, [weight("w", 4, 3, 1, 1)])
    path = folder / name
    onnx.save(helper.make_model(graph), str(path))
    return path


def json_file(folder: Path, name: str) -> Path:
    net = NetBuilder("net")
    net.conv(net.input(1, 3, 8, 8), 4)
    save_network(net.graph, folder / name)
    return folder / name


def param_file(folder: Path, name: str) -> Path:
    lines = ["7767517", "2 2", "Input data 0 1 x 0=8 1=8 2=3", "Convolution c 1 1 x y 0=4 1=1 5=0 6=12"]
    (folder / name).write_text("\n".join(lines))
    return folder / name


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (onnx_file, "NET.ONNX"),
        (onnx_file, "Net.Onnx"),
        (param_file, "NET.PARAM"),
        (json_file, "NET.JSON"),
        (json_file, "squeezenet.Json"),
    ],
)
def test_suffixes_in_capitals_name_files_without_a_folder_too(
    write: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, name)
    monkeypatch.chdir(tmp_path)
    assert Network(name).macs == 768


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("net.pth", "module.py:Net"),
        ("NET.PT", "torch.export.save"),
        ("model.safetensors", "nn.Module"),
        ("net.h5", "TFLiteConverter"),
        ("net.keras", "TFLiteConverter"),
        ("frozen.pb", "tflite_convert"),
        ("net.bin", ".param"),
        ("net.engine", ".onnx"),
        ("net.rknn", ".onnx"),
        ("yolov3.weights", "darknet2ncnn"),
        ("net.onnx.gz", "unpack"),
    ],
)
@pytest.mark.parametrize("is_there", [False, True])
def test_files_of_other_kinds_say_what_to_bring_instead(
    name: str, way_out: str, is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if is_there:
        (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(InputError) as caught:
        Network(name)
    assert way_out in str(caught.value)
    assert "did you mean" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_folder_of_tensorflow_says_what_to_bring_instead(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"anything")
    with pytest.raises(InputError, match="tflite_convert"):
        Network(tmp_path)


def test_a_name_that_is_no_file_is_still_a_name() -> None:
    with pytest.raises(InputError, match="did you mean"):
        Network("mobilenet_v9")
    assert Network("mobilenet_v1_0.25x").macs > 0


# Sizes by the name of an input


def two_inputs(sizes: Any, **shapes: Any) -> LayerGraph:
    nodes = [node("Conv", ["image", "w"], ["a"]), node("Gather", ["table", "words"], ["rows"], axis=0)]
    nodes += [node("GlobalAveragePool", ["a"], ["p"]), node("Flatten", ["p"], ["f"])]
    nodes += [node("ReduceMean", ["rows"], ["m"], axes=[1], keepdims=0), node("Sub", ["f", "m"], ["y"])]
    given = {"image": ["n", 3, "h", "w"], "words": ["n", "t"]} | shapes
    stored = [weight("w", 4, 3, 1, 1), weight("table", 9, 4)]
    return graph_of(nodes, given, stored, opset=13, input_size=sizes)


@pytest.mark.parametrize("words", [(6,), (1, 6)])
def test_sizes_are_given_by_the_name_of_an_input(words: tuple[int, ...]) -> None:
    graph = two_inputs({"image": (3, 8, 8), "words": words})
    assert [n.shape for n in graph.inputs] == [(1, 3, 8, 8), (1, 6)]
    assert graph.total_macs == 768


def test_an_open_dimension_of_several_inputs_is_asked_for_by_name() -> None:
    with pytest.raises(InputError, match="--input-size words=t"):
        two_inputs({"image": (3, 8, 8)})


@pytest.mark.parametrize(
    ("sizes", "problem"),
    [
        ({"picture": (3, 8, 8)}, "unknown input 'picture'; did you mean|unknown input 'picture'; known"),
        ({"image": (8, 8)}, "give all but the batch"),
    ],
)
def test_a_size_of_no_input_or_another_rank_is_one_line(sizes: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        two_inputs(sizes | {"words": (6,)})


@pytest.mark.parametrize("options", [["a=3x8x8,b=3x4x4"], ["a=3x8x8", "b=3x4x4"]], ids=["once", "for each"])
def test_sizes_are_given_once_or_for_each_input(options: list[str], tmp_path: Path) -> None:
    nodes = [node("Conv", [i, "w"], [i + "y"]) for i in "ab"] + [node("GlobalAveragePool", ["ay"], ["m"])]
    nodes.append(node("Add", ["m", "by"], ["y"]))
    inputs = [helper.make_tensor_value_info(i, TensorProto.FLOAT, ["n", 3, i + "h", i + "w"]) for i in "ab"]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    net = helper.make_graph(nodes, "net", inputs, outputs, [weight("w", 4, 3, 1, 1)])
    path = tmp_path / "net.onnx"
    path.write_bytes(helper.make_model(net, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
    asked = [word for option in options for word in ("--input-size", option)]
    done = CliRunner().invoke(cli, ["analyze", str(path), "--hw", "rpi4b", "--format", "json", *asked])
    assert json.loads(done.stdout)["totals"]["macs"] == 12 * (64 + 16)


def test_sizes_in_a_list_are_those_of_the_inputs_in_order(tmp_path: Path) -> None:
    assert two_inputs([(3, 8, 8), (6,)]).total_macs == 768
    net = NetBuilder("two")
    x, y = net.add(L.Input((1, 3, 8, 8)), name="x"), net.add(L.Input((1, 7, 8)), name="y")
    net.add_tensors(net.conv(x, 4, kernel=1), net.conv(x, 4, kernel=1))
    net.add(L.Linear(5), y, name="words")
    save_network(net.graph, tmp_path / "two.json")
    lines = ["Input a 0 1 a 0=8 1=8 2=3", "Input b 0 1 b 0=8 1=7", "Convolution c 1 1 a y 0=4 1=1 6=12"]
    (tmp_path / "two.param").write_text("\n".join(["7767517", "3 3", *lines]) + "\n")
    assert load_network(tmp_path / "two.json", [(3, 16, 16), (9, 8)]).total_macs == 2 * 12 * 256 + 5 * 72
    assert load_network(tmp_path / "two.param", [(3, 16, 16), (9, 8)]).total_macs == 12 * 256
    with pytest.raises(InputError, match="3 sizes for 2 inputs"):
        load_network(tmp_path / "two.json", [(3, 16, 16), (9, 8), (9, 8)])


def test_sizes_by_name_are_read_from_text() -> None:
    assert parse_input_sizes("image=3x8x8, words=1x6") == {"image": (3, 8, 8), "words": (1, 6)}
    with pytest.raises(InputError, match="given twice"):
        parse_input_sizes("a=3,a=4")


def test_graphs_and_their_files_take_sizes_by_name_as_well(tmp_path: Path) -> None:
    net = NetBuilder("two")
    x, y = net.add(L.Input((1, 3, 8, 8)), name="x"), net.add(L.Input((1, 3, 8, 8)), name="y")
    net.add_tensors(net.conv(x, 4), net.conv(y, 4))
    save_network(net.graph, tmp_path / "two.json")
    for source in (net.graph, str(tmp_path / "two.json")):
        assert Network(source, input_size="x=3x16x16,y=1x3x16x16").macs == 2 * 256 * 12
        assert Network(source, batch=4).macs == 4 * 2 * 768
    with pytest.raises(InputError, match="unknown input 'z'"):
        Network(net.graph, input_size={"z": (3, 16, 16)})


def test_ncnn_inputs_take_sizes_by_name(tmp_path: Path) -> None:
    path = param_file(tmp_path, "net.param")
    assert load_network(path, {"x": (3, 16, 16)}).total_macs == 4 * 768
    with pytest.raises(InputError, match="unknown input 'image'"):
        load_network(path, {"image": (3, 16, 16)})


def test_tflite_inputs_take_sizes_by_name_and_the_batch(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(small_tflite())
    own = load_network(path)
    name = own.inputs[0].name
    assert load_network(path, {name: own.input_shape[1:]}).total_macs == own.total_macs
    with pytest.raises(InputError, match="unknown input"):
        load_network(path, {"no such": (3, 8, 8)})


@pytest.mark.parametrize(("axis", "said"), [("T", True), ("steps", True), ("batch_size", False), ("N", False)])
def test_an_open_first_axis_that_is_no_batch_is_said(axis: str, said: bool) -> None:
    graph = graph_of([node("Relu", ["x"], ["y"])], {"x": [axis, 4, 8]}, [])
    assert any(f"open axis {axis} is taken to be a batch of 1" in note for note in graph.notes) == said


# Rows of one product

FAMILIES = ("arm_a53", "gtx_1080ti", "ethos_u55_128", "embedded_buffer", "stm32n6")


@pytest.mark.parametrize("hw", FAMILIES)
def test_a_product_costs_the_same_however_its_rows_are_grouped(hw: str) -> None:
    found = []
    for shape in ((1, 784, 96), (1, 28, 28, 96), (16, 49, 96), (16, 7, 7, 96), (784, 96)):
        net = NetBuilder("rows")
        net.add(L.Linear(384), net.input(*shape))
        analysis = costsim.analyze(net.graph, hw)
        found.append((analysis.latency_ms, analysis.summary["dram_bytes"], analysis.summary["macs"]))
    assert len(set(found)) == 1


# Constants in joins


def token_first(first: bool, axis: int = 1) -> LayerGraph:
    net = NetBuilder("token")
    x = net.add(L.Transpose((0, 2, 1)), net.add(L.Reshape((192, 256)), net.conv(net.input(1, 192, 16, 16), 192)))
    token = net.add(L.Constant((1, 1, 192), True))
    joined = net.concat(*((token, x) if first else (x, token)), axis=axis)
    net.add(L.Linear(768), net.add(L.Add(const_elems=257 * 192), joined, name="add"))
    return net.graph


@pytest.mark.parametrize("size", ["1 MiB", "64 KiB"])
@pytest.mark.parametrize("hw", ["embedded_buffer", "ethos_u55_128"])
def test_it_does_not_matter_which_operand_of_a_join_is_the_constant(hw: str, size: str) -> None:
    settings = {"memory.onchip.size": size} if hw == "embedded_buffer" else None
    found = []
    for first in (False, True):
        analysis = costsim.analyze(token_first(first), hw, settings=settings)
        read = {record["name"]: record["mem_access_elems"] for record in analysis.layer_records}
        found.append((read["add"], analysis.latency_ms, analysis.summary["params"]))
    assert found[0] == found[1]
    assert found[0][0] == 3 * 257 * 192
    assert found[0][2] == token_first(True).total_params


def test_constants_joined_with_each_other_are_weights_of_their_reader() -> None:
    net = NetBuilder("constants")
    both = net.concat(net.add(L.Constant((1, 2, 8), True)), net.add(L.Constant((1, 3, 8), True)), axis=1)
    net.add_tensors(net.input(1, 5, 8), both)
    record = costsim.analyze(net.graph, "embedded_buffer").layer_records[-1]
    assert (record["params"], record["mem_access_elems"]) == (40, 3 * 40)


# Hints that can be followed


def quantised() -> Any:
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        node("DequantizeLinear", ["w", "s", "z"], ["wd"]),
        node("Conv", ["d", "wd"], ["y"]),
    ]
    stored = [numpy_helper.from_array(np.float32(0.1), "s"), numpy_helper.from_array(np.int8(0), "z")]
    stored.append(numpy_helper.from_array(np.ones((4, 3, 1, 1), np.int8), "w"))
    return graph_of(nodes, {"x": [1, 3, 8, 8]}, stored)


@pytest.mark.parametrize("hw", ["rpi4b", "gtx_1080ti", "stm32n6", "snapdragon_810_paper", "epyc_zen4"])
def test_what_is_said_of_a_quantised_file_can_be_done(hw: str) -> None:
    notes = [note for note in costsim.analyze(quantised(), hw).warnings if "int8" in note]
    asks = any("--dtype int8" in note for note in notes)
    try:
        asked = costsim.analyze(quantised(), hw, dtype="int8")
    except CostsimError:
        assert not asks
        assert any("runs no int8" in note for note in notes)
        return
    assert asks == (costsim.analyze(quantised(), hw).to_dict()["network"]["dtype"] != "int8")
    assert not any("give dtype int8" in note for note in asked.warnings)


# Sweeps of networks that take no maps


@pytest.mark.parametrize(
    ("shape", "axes", "macs"),
    [
        ((1, 3, 64), {"batch": [1, 2]}, 4608),
        ((1, 3, 64), {"input_size": [64, 32]}, 4608),
        ((1, 64), {"batch": [1, 2]}, 64 * 8),
        ((1, 3, 4, 8, 8), {"batch": [1, 2]}, 256 * 12),
    ],
)
def test_networks_of_any_rank_are_swept(shape: tuple[int, ...], axes: Any, macs: int, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    from costsim.sweep import sweep

    net = NetBuilder("any")
    x = net.input(*shape)
    if len(shape) == 2:
        net.linear(x, 8, bias=False)
    elif len(shape) == 3:
        y = net.conv(net.add(L.Reshape((3, 1, -1)), x), 8, (1, 3), padding=(0, 0, 1, 1))
        net.add(L.Reshape((8, -1)), y)
    else:
        net.conv(net.add(L.Reshape((3, 32, 8)), x), 4)
    save_network(net.graph, tmp_path / "net.json")
    spec = {"network": str(tmp_path / "net.json"), "hw": "rpi4b", "axes": axes, "objectives": {"latency_ms": "min"}}
    sweep(spec, str(tmp_path / "results"))
    assert net.graph.total_macs == macs
