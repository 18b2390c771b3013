"""The network as one group: what the search would find, found without it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from costsim.devices import RunConfig, device_for
from costsim.hardware import load_profile
from costsim.hardware.vary import at_point, vary
from costsim.networks.zoo import build
from costsim.scheduling.search import MANY_POINTS
from costsim.scheduling.whole import one_group, whole_network_need
from costsim.tables.optable import OpTable
from tests.scheduling.oracle import GroupOracle
from tests.scheduling.test_search import ladder_of, lowered, parts, problems


@given(problems())
@settings(max_examples=60, deadline=None)
def test_the_top_of_the_ladder_is_the_whole_network(ops: OpTable) -> None:
    flow, weights, tiles, groups = parts(ops)
    need, mode = whole_network_need(flow, weights, tiles, None)
    plan = one_group(flow, weights, tiles, need, mode)
    top = ladder_of(ops, max(tiles.buffer_bytes.max(), groups.buffer_bytes[0, -1]))
    np.testing.assert_allclose(plan.input_bytes[:, 0], top.reads[:, -1])
    np.testing.assert_allclose(plan.output_bytes[:, 0], top.writes[:, -1])
    np.testing.assert_allclose(plan.weight_bytes[:, 0], top.weights[:, -1])


@given(problems())
@settings(max_examples=60, deadline=None)
def test_its_need_is_that_of_the_better_way_to_run_it_placed(ops: OpTable) -> None:
    flow, weights, tiles, _ = parts(ops)
    need, _ = whole_network_need(flow, weights, tiles, None)
    oracle = GroupOracle(flow, weights, 0, flow.rows - 1)
    least, streamed = min(oracle.resident_bytes(), oracle.streamed_bytes()), oracle.streamed_bytes()
    assert least * (1 - 1e-12) <= need <= max(streamed, least) * (1 + 1e-12)


@pytest.mark.parametrize("network", ["mobilenet_v2_1x", "resnet18"])
def test_points_with_and_without_room_for_it_are_planned_as_each_alone(network: str) -> None:
    profile = load_profile("embedded_buffer")
    columns = {
        "hardware.memory.onchip.size": np.array([4, 0.125, 16, 0.5]) * 2**20,
        "hardware.memory.dram.bandwidth": np.array([1.0, 2.0, 8.0, 0.5]) * 1e9,
    }
    swept, run, device = vary(profile, columns), RunConfig.of(profile), device_for(profile)
    ops = lowered(build(network), profile)
    together = device.plan(ops, swept, run).plan
    assert 0 < together.fits.sum() < 4
    for point in range(4):
        alone = device.plan(ops, at_point(swept, point), run).plan
        np.testing.assert_array_equal(together.offchip_bytes[:, point], alone.offchip_bytes[:, 0])
        np.testing.assert_array_equal(together.group[:, point], alone.group[:, 0])


@pytest.mark.parametrize("network", ["resnet50", "vargnet_v1_1x"])
def test_many_points_are_planned_as_few_are(network: str) -> None:
    profile = load_profile("embedded_buffer")
    random = np.random.default_rng(1)
    points = 4 * MANY_POINTS
    columns = {
        "hardware.memory.onchip.size": 2.0 ** random.integers(17, 22, points),
        "hardware.memory.dram.bandwidth": 10 ** random.uniform(7, 11, points),
        "hardware.clock": 10 ** random.uniform(7, 9, points),
    }
    device, run, ops = device_for(profile), RunConfig.of(profile), lowered(build(network), profile)
    together = device.plan(ops, vary(profile, columns), run).plan
    few = MANY_POINTS // 2
    for start in range(0, points, few):
        here = slice(start, start + few)
        apart = device.plan(ops, vary(profile, {field: c[here] for field, c in columns.items()}), run).plan
        np.testing.assert_array_equal(together.offchip_bytes[:, here], apart.offchip_bytes)
        np.testing.assert_array_equal(together.group[:, here], apart.group)
