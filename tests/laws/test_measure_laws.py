"""The measures say what the readable oracle says, on random graphs; and what holds of them always."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings

from costsim.graph import LayerGraph
from costsim.lowering import lower
from costsim.measures import Parts, measure
from costsim.simulate import given_elems
from tests.oracle.measures import OracleMeasures
from tests.strategies import conv_graphs, layer_graphs

HELD = (
    "access_ratio", "group_access_ratio", "fragments", "steps", "elementwise_elems", "border_elems", "intensity_ratio",
)  # fmt: skip


@given(conv_graphs(max_layers=12))
@settings(max_examples=200)
def test_measures_are_what_the_oracle_says(graph: LayerGraph) -> None:
    assume(not any(node.layer.op == "identity" for node in graph))
    ops = lower(graph, fusion={}, views=set(), elem_bytes=4.0, weight_elem_bytes=4.0)
    whole = Parts.networks(ops, given_elems(graph))
    for parts in (whole, whole.blocks):
        for found, rows in zip(
            measure(parts, np.ones((len(ops), 1))), np.split(parts.rows, parts.starts[1:]), strict=True
        ):
            oracle = OracleMeasures(graph, [ops.labels[row].name for row in rows])
            for name in HELD:
                expected = getattr(oracle, name)
                assert found[name] == (expected if expected is None else pytest.approx(expected, rel=1e-12)), name


@given(layer_graphs(max_layers=12, stem=True))
@settings(max_examples=100)
def test_what_holds_of_every_network(graph: LayerGraph) -> None:
    ops = lower(graph, fusion={"conv": ("relu", "add")}, views={"reshape"}, elem_bytes=4.0, weight_elem_bytes=4.0)
    whole, latency_s = Parts.networks(ops, given_elems(graph)), np.arange(1.0, len(ops) + 1)[:, None]
    (found,), blocks = measure(whole, latency_s), measure(whole.blocks, latency_s[whole.blocks.rows])
    for name in ("access_ratio", "channel_ratio", "group_access_ratio", "fragmentation_ratio", "intensity_ratio"):
        assert found[name] is None or found[name] >= 1 - 1e-12, name
    for name in ("grouped_macs_ratio", "critical_path_ratio", "elementwise_access_ratio", "elementwise_time_ratio"):
        assert found[name] is None or 0 <= found[name] <= 1, name
    assert found["steps"] <= found["fragments"]
    assert found["pair_buffer_bytes"] <= max(block["line_buffer_bytes"] or 0.0 for block in blocks)
    for name in ("fragments", "kernels", "elementwise_elems", "border_elems"):
        assert found[name] == sum(block[name] for block in blocks), name
