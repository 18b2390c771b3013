"""The outputs of an imported graph are the original's, layer by layer; faults are found where they were planted."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import costsim
from costsim.cli import run
from costsim.graph import LayerGraph
from costsim.graph import layers as L
from costsim.originals import original_of
from costsim.reference import Outputs, hold_outputs

torch = pytest.importorskip("torch")
nn = torch.nn
F = nn.functional

SIZE = (6, 16, 16)

CODE = """
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(6, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.Hardtanh(-0.5, 2.0))
        self.grouped = nn.Conv2d(8, 8, 3, padding=1, groups=4)
        self.narrow = nn.Conv2d(8, 8, 1)
        self.norm = nn.LayerNorm(8)
        self.scale = nn.Parameter(torch.rand(8, 1, 1))
        self.table = nn.Parameter(torch.randn(1, 8, 16, 16))
        self.head = nn.Linear(16, 5)
        self.register_buffer("order", torch.randperm(16))

    def forward(self, x):
        x = self.stem(x)
        y = F.leaky_relu(self.grouped(x), 0.3)
        z = self.narrow(y) - 2.0 * x
        z = z * self.scale + self.table
        z = self.norm(z.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        both = torch.cat([y, 1.0 - z], 1)
        left, right = both.chunk(2, 1)
        both = torch.cat([F.avg_pool2d(right, 3, 1, 1, count_include_pad=False), F.elu(left, 0.5)], 1)
        both = F.pad(both, (1, 1, 1, 1), mode="reflect").index_select(1, self.order)
        both = F.interpolate(both, scale_factor=2.0, mode="bilinear", align_corners=True)
        return self.head(F.gelu(both, approximate="tanh").mean((2, 3)).roll(3, 1))
"""


@pytest.fixture(scope="module")
def net() -> Any:
    names: dict[str, Any] = {}
    exec(CODE, names)
    torch.manual_seed(0)
    made = names["Net"]().eval()
    made.stem[1].running_mean.normal_()
    made.stem[1].running_var.uniform_(0.5, 1.5)
    return made


@pytest.fixture(scope="module")
def original(net: Any) -> Any:
    return original_of(net, SIZE)


def held(original: Any, graph: LayerGraph) -> Outputs:
    inputs = original.inputs(0)
    return hold_outputs(graph, inputs, original.values(inputs), original.runs_in)


def test_every_layer_makes_what_the_modules_own_did(original: Any, net: Any) -> None:
    found = held(original, original.graph)
    assert found.agrees and not found.taken, found.taken
    assert len(found.held) >= len(original.graph) - 3  # all but the input and tensors that are stored
    assert found.of_results is not None and found.of_results < 1e-6
    inputs = original.inputs(0)
    result = next(tensor for tensor in reversed(original.values(inputs).values()) if tensor.shape == (1, 5))
    torch.testing.assert_close(result, net(*inputs))


def test_a_layer_that_stands_in_for_another_takes_what_the_original_made() -> None:
    larger = original_of(nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(7)).eval(), (3, 2, 2))
    found = held(larger, larger.graph)
    assert found.agrees and "adaptive_avg_pool2d" in found.taken[0].reason


def copied(graph: LayerGraph, name: str, layer: L.Layer | None = None, inputs: tuple[str, ...] = ()) -> LayerGraph:
    """The graph with another layer, or other operands, at one place."""
    copy = LayerGraph(graph.name)
    copy.origins, copy.tensors = graph.origins, graph.tensors
    for node in graph:
        there = node.name == name
        operands = inputs if there and inputs else node.inputs
        copy.add(layer if there and layer else node.layer, *operands, name=node.name, block=node.block)
    return copy


def the(graph: LayerGraph, kind: type[L.Layer], place: int = 0) -> Any:
    return [node for node in graph if isinstance(node.layer, kind)][place]


def test_planted_faults_are_found_and_named_by_layer(original: Any) -> None:
    graph = original.graph
    conv, concat, slice_ = the(graph, L.Conv2d, 1), the(graph, L.Concat), the(graph, L.Slice)
    first = next(iter(graph)).name
    earlier = the(graph, L.Conv2d, 0)
    faults = {
        "padding on one side": copied(graph, conv.name, replace(conv.layer, padding=(2, 0, 1, 1))),
        "operands the wrong way round": copied(graph, concat.name, inputs=concat.inputs[::-1]),
        "the other half": copied(graph, slice_.name, replace(slice_.layer, start=4, stop=12)),
        "reads another tensor": copied(graph, conv.name, inputs=(earlier.name,)),
    }
    named = (conv.name, concat.name, slice_.name, conv.name)
    for (fault, faulty), name in zip(faults.items(), named, strict=True):
        found = held(original, faulty)
        assert not found.agrees, fault
        assert found.first_off is not None and found.first_off.name == name, fault
    assert first not in named


def test_weights_of_another_network_do_not_pass(original: Any) -> None:
    inputs = original.inputs(0)
    values = dict(original.values(inputs))
    weight = next(name for name, tensor in values.items() if tuple(tensor.shape) == (8, 2, 3, 3))
    values[weight] = values[weight] * 1.01
    first = hold_outputs(original.graph, inputs, values, "torch").first_off
    assert first is not None and first.name == the(original.graph, L.Conv2d, 1).name


def test_a_layer_that_does_not_say_what_it_computes_takes_the_originals_tensor() -> None:
    """A pooling with holes in its windows costs what one without costs; what comes behind it is held all the same."""
    module = nn.Sequential(nn.Conv2d(6, 4, 1), nn.MaxPool2d(2, 2, dilation=2), nn.Conv2d(4, 3, 1)).eval()
    found = costsim.verify(module, input_size=SIZE)
    assert found.agrees and found.outputs is not None
    assert [check.reason for check in found.outputs.taken] == ["a pooling whose windows have holes"]
    assert found.outputs.of_results is not None and found.outputs.of_results < 1e-6


def test_weights_that_are_not_there_are_said_so() -> None:
    with torch.device("meta"):
        module = nn.Sequential(nn.Conv2d(6, 4, 3), nn.ReLU())
    found = costsim.verify(module, input_size=SIZE)
    assert found.counts_agree and found.outputs is None
    assert found.outputs_missing == "its weights are not there, they lie on torch's meta device"


def test_the_verb_holds_the_outputs_of_code_and_draws_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "net.py").write_text(CODE)
    words = ["verify", f"{tmp_path / 'net.py'}:Net", "--input-size", "6x16x16"]
    assert run(words) == 0
    out = capsys.readouterr().out
    assert "with the original's weights" in out and "layers held" in out
    assert max(map(len, out.splitlines())) <= 80
    assert run([*words, "--format", "html"]) == 0
    page = capsys.readouterr().out
    assert "Difference of every layer" in page and "grouped" in page
    assert run([*words, "--format", "json"]) == 0
    outputs = json.loads(capsys.readouterr().out)["outputs"]
    assert outputs["agrees"] and outputs["difference_of_outputs"] < 1e-4


def test_an_onnx_file_is_held_against_onnxruntime(net: Any, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    module = nn.Sequential(net.stem, net.grouped, nn.PReLU(8, 0.1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 3))
    path = tmp_path / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter says that it is an old one
        torch.onnx.export(module.eval(), (torch.zeros(1, *SIZE),), str(path), dynamo=False)
    found = costsim.verify(str(path))
    assert found.agrees and found.outputs is not None
    assert found.outputs.against.startswith("onnxruntime") and not found.outputs.taken
    assert found.outputs.of_results is not None and found.outputs.of_results < 1e-4
    original = original_of(path)
    conv = the(original.graph, L.Conv2d, 1)
    faulty = held(original, copied(original.graph, conv.name, replace(conv.layer, padding=(2, 0, 1, 1))))
    assert faulty.first_off is not None and faulty.first_off.name == conv.name


def test_times_stand_beside_the_prediction(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["verify", "shufflenet_v2_0.5x", "--input-size", "3x32x32", "--measure", "epyc_zen4"]
    assert run([*words, "--format", "json"]) == 0
    measured = json.loads(capsys.readouterr().out)["measured"]
    assert measured["hardware"] == "epyc_zen4" and measured["measured_ms"] > 0
    assert sum(op["predicted_ms"] for op in measured["ops"]) == pytest.approx(measured["predicted_ms"])
    assert run(words) == 0
    assert "predicted / measured" in " ".join(capsys.readouterr().out.split())
