"""costsim's own format: what is written is what is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from costsim.errors import InputError
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph import layers as L
from costsim.importers import load_network
from costsim.importers.json import from_dict, save_network, to_dict
from costsim.networks import build
from tests.strategies import RECIPES, layer_graphs


def same(a: LayerGraph, b: LayerGraph) -> bool:
    return (a.name, a.source, a.notes, list(a)) == (b.name, b.source, b.notes, list(b))


@given(layer_graphs(layers=list(RECIPES), max_layers=12))
def test_every_layer_type_survives_the_round_trip(graph: LayerGraph) -> None:
    assert same(graph, from_dict(json.loads(json.dumps(to_dict(graph)))))


def test_a_zoo_network_and_a_constant_survive_the_file(tmp_path: Path) -> None:
    for graph in (build("shufflenet_v2_1x"), with_token()):
        path = tmp_path / f"{graph.name}.json"
        save_network(graph, path)
        assert same(graph, load_network(path))
    assert [p.suffix for p in tmp_path.iterdir()] == [".json", ".json"]  # no temporary file stays behind


def with_token() -> LayerGraph:
    net = NetBuilder("token", notes=("a note",))
    net.concat(net.add(L.Constant((1, 1, 8))), net.input(1, 4, 8))
    return net.graph


def test_another_input_size(tmp_path: Path) -> None:
    save_network(build("shufflenet_v2_1x"), tmp_path / "net.json")
    assert load_network(tmp_path / "net.json", (3, 160, 160), 2).input_shape == (2, 3, 160, 160)


def test_a_design_space_is_no_single_network() -> None:
    net = NetBuilder("many")
    net.conv(net.input(1, 3, 8, 8), np.array([8, 16]))
    with pytest.raises(InputError, match="many networks at once"):
        to_dict(net.graph)


def broken(path: str, value: Any) -> dict[str, Any]:
    """A valid tree with one entry replaced (``layers.1.options.kernel``) or, for ``...``, removed."""
    net = NetBuilder("net")
    net.conv(net.input(1, 4, 8, 8), 8, 3, bias=True)
    tree = to_dict(net.graph)
    *parents, last = (int(key) if key.isdecimal() else key for key in path.split("."))
    at: Any = tree
    for key in parents:
        at = at[key]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return tree


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("format", "other", "not a costsim network"),
        ("schema_version", 2, "schema version 2; this costsim reads 1"),
        ("name", 7, "'name', 'source' or 'notes'"),
        ("layers", {}, "'layers' is missing"),
        ("layers", [], "the network has no input"),
        ("layers.1.inputs", ..., "layer 1 needs"),
        ("layers.1.inputs", ["conv_1"], "reads 'conv_1', which nothing before it writes"),
        ("layers.1.inputs", [], "reads 1 tensor, got 0"),
        ("layers.1.name", "input", "the name is used twice"),
        ("layers.1.type", "Conv3d", "unknown layer type 'Conv3d'; did you mean Conv2d"),
        ("layers.1.options.kernels", 3, "unknown option 'kernels'; did you mean kernel"),
        ("layers.1.options.kernel", "3", "'kernel' cannot be '3'"),
        ("layers.1.options.kernel", [3.5, 3], "'kernel' cannot be 3.5"),
        ("layers.1.options.kernel", [0, 3], "kernel, stride and dilation must be positive"),
        ("layers.1.options.kernel", [3, 3, 3], "Conv2d 'conv_1': its attributes make no sense"),
        ("layers.1.options.bias", 1, "'bias' cannot be 1"),
        ("layers.1.options.learned", -5, "'learned' cannot be -5"),
        ("layers.1.options.padding", [-1, 0, 0, 0], "negative padding"),
        ("layers.1.options.out_channels", ..., "out_channels"),
        ("layers.0.options.shape", [1, 4, -8, 8], "its output would be empty"),
        ("layers.0.options.shape", [1, 4, 1, 8, 8], r"needs a map \(n, c, h, w\)"),
    ],
)
def test_a_damaged_tree_is_refused_in_one_line(path: str, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        from_dict(broken(path, value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a": NaN}', "\x00", '"text"', '{"format": 1}'])
def test_a_file_that_is_no_network(tmp_path: Path, text: str) -> None:
    path = tmp_path / "net.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"net\.json: not "):
        load_network(path)
