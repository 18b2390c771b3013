"""The graph of the page: edges of the network, blocks in blocks, long levels cut into runs."""

from __future__ import annotations

from typing import Any

import pytest

import costsim
from costsim import NetBuilder
from costsim.report.page.network_graph import MOST_DEPTH, MOST_PARTS, network_graph, outer_blocks


def rows_of(parts: list[Any]) -> list[int]:
    return [row for part in parts for row in (rows_of(part["parts"]) if isinstance(part, dict) else [part])]


def longest(parts: list[Any]) -> int:
    return max([len(parts), *(longest(part["parts"]) for part in parts if isinstance(part, dict))])


@pytest.mark.parametrize("hw", ["gtx_1080ti", "rpi4b"])
def test_edges_and_rows_are_those_of_the_network(hw: str) -> None:
    analysis = costsim.analyze("yolov8n", hw)
    graph = network_graph(analysis)
    records = analysis.layer_records
    labels, producers = analysis.simulation.ops.labels, analysis.simulation.ops.producers
    expected = {
        (labels[source].name, label.name)
        for label, sources in zip(labels, producers, strict=True)
        for source in sources
        if source >= 0
    }
    expected |= {(r["name"], records[i + 1]["name"]) for i, r in enumerate(records) if r["op_class"] == "copy"}
    assert {(records[a]["name"], records[b]["name"]) for a, b in graph["edges"]} == expected
    assert len(expected) > len(labels)
    assert sorted(rows_of(graph["parts"])) == list(range(len(records)))


def test_a_level_of_many_ops_is_cut_into_runs_and_deep_blocks_end() -> None:
    net = NetBuilder("flat")
    x = net.input(1, 8, 8, 8)
    for _ in range(200):
        x = net.conv(x, 8, 1)
    with net.block(".".join("a" * 3000)):
        net.conv(x, 8, 1)
    parts = network_graph(costsim.analyze(net.graph, "rpi4b"))["parts"]
    assert longest(parts) <= MOST_PARTS
    assert rows_of(parts) == list(range(201))
    depth = 0
    while isinstance(parts[-1], dict):
        parts, depth = parts[-1]["parts"], depth + 1
    assert depth <= MOST_DEPTH + 2


def test_outer_blocks_come_first() -> None:
    assert outer_blocks(["a.b", "a.c", "", "d"]) == ["a", "a.b", "a.c", "", "d"]
