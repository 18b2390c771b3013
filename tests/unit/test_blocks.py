"""Networks whose author names no blocks get those that their structure shows."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest

import costsim
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph.blocks import name_blocks
from costsim.networks import build


def nameless(graph: LayerGraph) -> LayerGraph:
    graph.put_in_blocks(dict.fromkeys((node.name for node in graph), ""))
    graph.notes = ()
    return graph


def test_units_with_shortcuts_are_blocks_and_chains_are_cut_where_maps_shrink() -> None:
    net = NetBuilder("net")
    x = net.act(net.conv(net.input(1, 3, 32, 32), 8))
    x = net.act(net.conv(x, 8))
    y = net.act(net.conv(x, 8))
    x = net.act(net.add_tensors(net.conv(y, 8), x))
    net.conv(net.conv(x, 16, stride=2), 16)
    name_blocks(net.graph)
    nodes = [node for node in net.graph if node.inputs]
    found = ["32x32.block1"] * 4 + ["32x32.block2"] * 5 + ["16x16.block1"] * 2
    assert [node.block for node in nodes] == found
    assert net.graph.notes == (
        "its blocks have no names: 3 were found where a single tensor goes on, and named by the size of their maps",
    )


@pytest.mark.parametrize(
    ("name", "blocks"), [("resnet18", 8), ("shufflenet_v2_1x", 16), ("mobilenet_v2_1x", 10), ("googlenet", 9)]
)
def test_the_blocks_of_known_networks_are_found(name: str, blocks: int) -> None:
    """Residual units, shuffle units, inverted residuals with a shortcut, inception modules: each is a block alone."""
    named = [node for node in build(name) if node.inputs]
    graph = nameless(build(name))
    name_blocks(graph)
    joins = [node for node in named if node.layer.op in ("add", "concat")]
    assert len({graph[node.name].block for node in joins}) == len(joins) == blocks


def test_blocks_with_names_stay_and_one_block_has_none() -> None:
    graph = build("resnet18")
    before = list(graph)
    name_blocks(graph)
    assert list(graph) == before and not graph.notes
    unit = NetBuilder("unit")
    x = unit.input(1, 8, 8, 8)
    unit.add_tensors(unit.conv(x, 8), x)
    name_blocks(unit.graph)
    assert {node.block for node in unit.graph} == {""} and not unit.graph.notes


def test_an_imported_chain_is_measured_block_by_block(tmp_path: Path) -> None:
    plain = nx.DiGraph(name="chain")
    plain.add_node("x", op="input", shape=(1, 3, 32, 32))
    for number, before in enumerate(["x", "conv0", "conv1"]):
        plain.add_node(f"conv{number}", op="conv", c_out=8, kernel=3, stride=2)
        plain.add_edge(before, f"conv{number}")
    analysis = costsim.analyze(plain, "rpi4b")
    assert list(analysis.block_measures) == ["16x16.block1", "8x8.block1", "4x4.block1"]
    assert analysis.measures["border_elems"] == 3 * 32**2 + 2 * 8 * 16**2 + 2 * 8 * 8**2 + 8 * 4**2
    assert any("its blocks have no names: 3 were found" in note for note in analysis.warnings)
