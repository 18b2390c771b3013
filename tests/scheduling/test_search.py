"""The dynamic programme against every cut, and the laws of plans, on random networks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from costsim.devices import RunConfig, device_for
from costsim.errors import DoesNotFitError
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.hardware.vary import vary
from costsim.lowering import lower
from costsim.scheduling.dataflow import Dataflow
from costsim.scheduling.search import Ladder, build_ladder
from costsim.scheduling.segments import Segments, Weights, segments
from costsim.scheduling.tiling import Staircase, staircases
from costsim.tables.optable import OpTable
from tests.scheduling.oracle import GroupOracle, fewest_bytes
from tests.strategies import CNN_LAYERS, layer_graphs

GRAPHS = layer_graphs(layers=CNN_LAYERS, max_layers=9, max_channels=16, max_side=16)


def lowered(graph: LayerGraph, profile: Profile | None = None) -> OpTable:
    rules = profile.runtime if profile else load_profile("embedded_buffer").runtime
    return lower(graph, fusion=rules.fusion, views=rules.views, elem_bytes=1, weight_elem_bytes=1)


@st.composite
def problems(draw: st.DrawFn) -> OpTable:
    graph = draw(GRAPHS)
    assume(any(node.layer.op not in {"input", "reshape", "concat", "slice", "dropout", "identity"} for node in graph))
    ops = lowered(graph)
    assume(2 <= len(ops) <= 8)
    return ops


def parts(ops: OpTable) -> tuple[Dataflow, Weights, Staircase, Segments]:
    stored = ops.input_bytes[:, 0], ops.output_bytes[:, 0]
    total = ops.weight_bytes[:, 0]
    flow, weights = Dataflow.of(ops, *stored), Weights(total, np.minimum(total, 64.0))
    return flow, weights, staircases(ops, *stored, total, grain=(4, 4)), segments(flow, weights)


def ladder_of(ops: OpTable, largest: float) -> Ladder:
    flow, weights, tiles, groups = parts(ops)
    outputs = np.where(np.arange(flow.rows) < flow.last_use[:, None], flow.output_bytes[:, None], 0.0)
    anything = np.ones((flow.rows, flow.rows), dtype=bool)
    return build_ladder(groups, tiles, anything, weights.offchip_bytes, outputs, largest)


@given(problems(), st.floats(0.0, 1.2))
@settings(max_examples=60, deadline=None)
def test_never_worse_than_every_cut_tried(ops: OpTable, share: float) -> None:
    check_against_every_cut(ops, share)


@pytest.mark.slow
@given(problems(), st.floats(0.0, 1.2))
@settings(max_examples=1000, deadline=None)
def test_never_worse_than_every_cut_tried_on_a_thousand_networks(ops: OpTable, share: float) -> None:
    check_against_every_cut(ops, share)


def check_against_every_cut(ops: OpTable, share: float) -> None:
    flow, weights, tiles, groups = parts(ops)
    least, ample = tiles.least_bytes.max(), max(tiles.buffer_bytes.max(), groups.buffer_bytes[0, -1])
    size = float(least + share * (ample - least))
    ladder = ladder_of(ops, size)
    ours = (ladder.reads + ladder.writes + ladder.weights)[:, -1].sum()
    assert ours == pytest.approx(fewest_bytes(flow, weights, tiles, size), rel=1e-12)


@given(problems())
@settings(max_examples=60, deadline=None)
def test_every_group_moves_and_needs_what_its_definition_says(ops: OpTable) -> None:
    flow, weights, _, groups = parts(ops)
    for first in range(flow.rows):
        for last in range(first + 1, flow.rows):
            oracle = GroupOracle(flow, weights, first, last)
            assert groups.offchip_bytes[first, last] == pytest.approx(oracle.offchip_bytes())
            assert groups.streamed_bytes[first, last] == pytest.approx(oracle.streamed_bytes())
            assert groups.resident_bytes[first, last] == pytest.approx(oracle.resident_bytes())


@given(problems())
@settings(max_examples=40, deadline=None)
def test_traffic_lies_between_compulsory_bytes_and_layer_by_layer(ops: OpTable) -> None:
    profile = load_profile("embedded_buffer")
    device, run = device_for(profile), RunConfig.of(profile)
    least = device.unavoidable_dram_bytes(ops, profile).max()
    for kib in (1, 2, 4, 16):
        try:
            fused, apart = (
                device.plan(
                    ops, load_profile("embedded_buffer", {"onchip.size": f"{kib} KiB", "runtime.plan": plan}), run
                )
                for plan in ("fused", "layer_by_layer")
            )
        except DoesNotFitError:
            continue
        moved = fused.plan.offchip_bytes.sum()
        assert least * (1 - 1e-12) <= moved <= apart.plan.offchip_bytes.sum() * (1 + 1e-12)


@given(problems())
@settings(max_examples=40, deadline=None)
def test_a_larger_buffer_is_never_slower_and_never_moves_more(ops: OpTable) -> None:
    profile = load_profile("embedded_buffer")
    device, run = device_for(profile), RunConfig.of(profile)
    _, _, tiles, _ = parts(ops)
    sizes = np.geomspace(max(tiles.least_bytes.max() * 4, 4096), 64 * 1024, 24)
    swept = vary(profile, {"hardware.memory.onchip.size": sizes})
    costs = device.costs(device.plan(ops, swept, run), swept, run)
    assert (np.diff(costs.latency_s.sum(axis=0)) <= 1e-15).all()
    assert (np.diff(costs.traffic["dram"].sum(axis=0)) <= 1e-9).all()
