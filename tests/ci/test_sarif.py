"""SARIF: valid by the standard's own schema, and each result at a file and a line."""

import json
from pathlib import Path

import jsonschema
import pytest

from costsim import Network
from costsim.cli import run
from costsim.importers.json import save_network

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json").read_text())

MODULE = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 64, 3)
        self.second = nn.Conv2d(64, 64, 1, groups=8)
        self.third = nn.Conv2d(64, 512, 1)

    def forward(self, x):
        x = self.first(x).relu()
        x = self.second(x).relu()
        return self.third(x)
"""


def sarif(capsys, *arguments):
    assert run(["check", *arguments, "--format", "sarif"]) in (0, 3)
    log = json.loads(capsys.readouterr().out)
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    return log["runs"][0]["results"]


def places(results):
    found = [result["locations"][0]["physicalLocation"] for result in results]
    return [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in found]


@pytest.mark.parametrize("network", ["shufflenet_v1_g3_1x", "vargnet_v1_1x"])
@pytest.mark.parametrize("hw", ["arm_a53", "ethos_u55_256"])
def test_valid_by_the_schema(network, hw, capsys):
    results = sarif(capsys, network, "--hw", hw, "--assert", "latency_ms < 0.001", "--batch", "1")
    assert results and all(uri == network for uri, _ in places(results))
    assert len({r["partialFingerprints"]["costsim/v1"] for r in results}) == len(results)


def test_the_schema_refuses_what_is_wrong():
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate({"version": "2.1.0", "runs": [{"tool": {}}]})


def test_a_file_with_a_line_a_layer(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_network(Network("shufflenet_v1_g3_1x").graph, tmp_path / "a net.json")
    results = sarif(capsys, "a net.json", "--hw", "arm_a53")
    lines = (tmp_path / "a net.json").read_text().splitlines()
    for result, (uri, line) in zip(results, places(results), strict=True):
        assert uri == "a%20net.json"
        block = result["locations"][0]["logicalLocations"][0]["name"]
        assert f'"name": "{block.split(".")[0]}' in lines[line - 1]


def test_lines_of_a_torch_module(tmp_path, capsys, monkeypatch):
    pytest.importorskip("torch")
    (tmp_path / "net.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    results = sarif(capsys, "net.py:Net", "--hw", "rpi4b", "--input-size", "3x64x64", "--assert", "params < 1")
    lines = MODULE.splitlines()
    found = {lines[line - 1].strip() for uri, line in places(results) if uri == "net.py"}
    assert len(places(results)) == sum(uri == "net.py" for uri, _ in places(results))
    assert any("self." in text for text in found)


def test_an_onnx_file_is_named_and_so_is_the_node(tmp_path, capsys, monkeypatch):
    pytest.importorskip("onnx")
    import onnx

    from costsim.exporters.onnx import onnx_model

    monkeypatch.chdir(tmp_path)
    onnx.save(onnx_model(Network("shufflenet_v1_g3_1x").graph), tmp_path / "net.onnx")
    results = sarif(capsys, "net.onnx", "--hw", "arm_a53")
    assert results and {uri for uri, _ in places(results)} == {"net.onnx"}
    assert run(["check", "net.onnx", "--hw", "arm_a53", "--format", "github"]) == 0
    annotations = capsys.readouterr().out.splitlines()
    assert annotations and all(" file=net.onnx,line=1,title=costsim " in line for line in annotations)


def test_control_characters_reach_no_report(tmp_path, capsys):
    from xml.etree import ElementTree as ET

    graph = Network("squeezenet_1_1").graph.renamed("bad\x1b[31m\x00name\ufffe")
    save_network(graph, tmp_path / "net.json")
    for form in ("junit", "github", "sarif", "markdown", "csv", "text"):
        assert run(["check", str(tmp_path / "net.json"), "--hw", "rpi4b", "--format", form]) == 0
        out = capsys.readouterr().out
        assert not any(ord(c) < 32 and c != "\n" for c in out)
        if form == "junit":
            assert "bad" in ET.fromstring(out)[0].get("name")
