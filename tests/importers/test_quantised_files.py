"""Quantised files run in int8 without being asked, layer by layer as the file has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import costsim
from costsim.cli import cli
from costsim.errors import InputError
from costsim.importers.json import save_network
from validation.tflite_files import FileBuilder

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

PARAM = """7767517
5 5
Input data 0 1 data 0=32 1=32 2=16
Convolution a 1 1 data a 0=32 1=3 4=1 5=1 6=4608 8={first}
ReLU r 1 1 a r
Convolution b 1 1 r b 0=32 1=1 5=1 6=1024 8={second}
Pooling p 1 1 b p 0=1 4=1
"""


def node(op: str, inputs: list[str], output: str, **attributes: Any) -> Any:
    return helper.make_node(op, inputs, [output], name=output, **attributes)


def qdq(*, weight: np.ndarray, quantise_input: bool = True, float_tail: bool = True, scale: str = "s") -> Any:
    nodes = [node("DequantizeLinear", ["w", "s", "z"], "wd")]
    read = "x"
    if quantise_input:
        nodes += [node("QuantizeLinear", ["x", scale, "z"], "q"), node("DequantizeLinear", ["q", "s", "z"], "d")]
        read = "d"
    nodes.append(node("Conv", [read, "wd"], "y" if not float_tail else "c"))
    if float_tail:
        nodes.append(node("Conv", ["c", "v"], "y"))
    stored = [
        numpy_helper.from_array(np.float32(0.1), "s"),
        numpy_helper.from_array(weight.dtype.type(0), "z"),
        numpy_helper.from_array(weight, "w"),
        numpy_helper.from_array(np.ones((8, weight.shape[0], 1, 1), np.float32), "v"),
    ]
    info = helper.make_tensor_value_info
    x, y = info("x", TensorProto.FLOAT, [1, weight.shape[1], 16, 16]), info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "net", [x], [y], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])


WEIGHT = np.ones((16, 32, 1, 1), np.int8)


def test_an_onnx_file_between_quantise_and_dequantise_runs_in_int8_where_it_is() -> None:
    document = costsim.analyze(qdq(weight=WEIGHT), "rpi4b").to_dict()
    assert document["network"]["dtype"] == "int8"
    assert (document["network"]["int8_layers"], document["network"]["float_layers"]) == (1, ["y"])
    weights = {layer["name"]: layer["weight_bytes"] / layer["params"] for layer in document["layers"]}
    assert weights == {"c": 1, "y": 4}
    assert any("1 layers in int8 and 1 in floats: y" in text for text in document["warnings"])


def test_devices_that_do_not_mix_say_so() -> None:
    (said,) = (text for text in costsim.analyze(qdq(weight=WEIGHT), "ethos_u55_256").warnings if "in floats" in text)
    assert said.endswith("here all are priced in int8")


def test_the_data_type_asked_for_wins() -> None:
    asked = costsim.analyze(qdq(weight=WEIGHT), "rpi4b", dtype="fp32")
    assert asked.to_dict()["network"]["dtype"] == "fp32"
    assert {layer["weight_bytes"] / layer["params"] for layer in asked.layer_records} == {4}
    assert any("as asked it is priced in fp32" in text for text in asked.warnings)


def test_weights_that_are_only_stored_in_int8_are_products_of_floats() -> None:
    analysis = costsim.analyze(qdq(weight=WEIGHT, quantise_input=False, float_tail=False), "rpi4b")
    assert analysis.to_dict()["network"]["dtype"] == "fp32"
    assert any("weights alone" in text and "y" in text for text in analysis.warnings)


def test_a_pair_of_formats_without_a_kernel_is_named() -> None:
    analysis = costsim.analyze(qdq(weight=WEIGHT.astype(np.int16), float_tail=False), "rpi4b")
    assert analysis.to_dict()["network"]["dtype"] == "fp32"
    assert any("int16 by int16: no kernel" in text for text in analysis.warnings)


def test_a_quantised_file_without_a_scale_is_refused() -> None:
    with pytest.raises(InputError, match="has no scale"):
        costsim.analyze(qdq(weight=WEIGHT, scale=""), "rpi4b")


@pytest.mark.parametrize("runtime", ["ncnn", "xnnpack"])
def test_a_param_file_is_mixed_as_its_scales_say(tmp_path: Path, runtime: str) -> None:
    costs = {}
    for first, second in ((0, 0), (2, 2), (2, 0)):
        path = tmp_path / f"net_{first}{second}.param"
        path.write_text(PARAM.format(first=first, second=second))
        analysis = costsim.analyze(path, "rpi4b", runtime=runtime)
        costs[first, second] = {r["name"]: r["weight_bytes"] / r["params"] for r in analysis.layer_records[:2]}
        assert analysis.to_dict()["network"]["dtype"] == ("int8" if first else "fp32")
    assert costs == {(0, 0): {"a": 4, "b": 4}, (2, 2): {"a": 1, "b": 1}, (2, 0): {"a": 1, "b": 4}}


def test_what_a_file_computes_in_goes_through_other_forms_of_the_network(tmp_path: Path) -> None:
    path = tmp_path / "net.param"
    path.write_text(PARAM.format(first=2, second=0))
    network = costsim.Network(path)
    save_network(network.graph, tmp_path / "net.json")
    forms = (path, tmp_path / "net.json", network.to_networkx(), network.graph.with_batch(2))
    told = [costsim.analyze(form, "rpi4b").to_dict()["network"] for form in forms]
    assert [(t["dtype"], t["float_layers"]) for t in told] == [("int8", ["b"])] * 4


def convolution(*, scaled: bool = True) -> bytes:
    file = FileBuilder()
    x = file.input(1, 8, 8, 16, dtype="INT8")
    weights = [file.stored(np.zeros((4, 1, 1, 16), np.int8)), file.stored(np.zeros(4, np.int32))]
    file.unscaled += [] if scaled else [weights[0]]
    options = {"options": "Conv2DOptions", "StrideW": 1, "StrideH": 1}
    return file.finish(file.add("CONV_2D", [x, *weights], (1, 8, 8, 4), **options))


def test_a_tflite_file_runs_in_int8_on_the_command_line_and_one_without_scales_does_not(tmp_path: Path) -> None:
    whole, damaged = tmp_path / "net.tflite", tmp_path / "damaged.tflite"
    whole.write_bytes(convolution())
    damaged.write_bytes(convolution(scaled=False))
    words = ["--hw", "rpi4b", "--runtime", "xnnpack", "--format", "json"]
    done = CliRunner().invoke(cli, ["analyze", str(whole), *words])
    assert json.loads(done.stdout)["network"]["dtype"] == "int8"
    refused = CliRunner().invoke(cli, ["analyze", str(damaged), *words])
    assert refused.exit_code == 1
    assert "is INT8 and has no scale" in str(refused.exception)


def test_what_takes_many_networks_runs_each_in_its_own_data_type(tmp_path: Path) -> None:
    paths = []
    for scales in (0, 2):
        paths.append(tmp_path / f"net_{scales}.param")
        paths[-1].write_text(PARAM.format(first=scales, second=scales))
    predicted = costsim.Predictor("rpi4b")([str(path) for path in paths])
    alone = [costsim.analyze(path, "rpi4b").latency_ms for path in paths]
    assert predicted.tolist() == pytest.approx(alone)
    assert alone[0] != alone[1]
