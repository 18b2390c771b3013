"""The accelerator family: what its profiles refuse, what does not fit, which limits move with what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import costsim
from costsim.devices import RunConfig, device_for
from costsim.devices.accelerator.rules import runs_on_host
from costsim.errors import DoesNotFitError, InputError
from costsim.graph import LayerGraph, NetBuilder
from costsim.hardware import load_profile
from costsim.hardware.vary import vary
from costsim.lowering import lower
from costsim.networks.zoo import build
from costsim.simulate import simulate
from costsim.tables.plan import STREAMED, TILED

PROFILES = [
    "edge_tpu",
    "embedded_buffer",
    "ethos_u55_128",
    "ethos_u55_256",
    "ethos_u65_512",
    "eyeriss_v1",
    "nvdla",
    "stm32n6",
]


def simulated(network: str, hw: str, settings: dict[str, str] | None = None):
    profile = load_profile(hw, settings)
    return simulate(build(network), profile, RunConfig.of(profile))


@pytest.mark.parametrize("hw", PROFILES)
def test_every_op_costs_something_and_every_number_is_finite(hw: str) -> None:
    costs = simulated("mobilenet_v2_1x", hw).costs
    assert (costs.latency_s > 0).all()
    assert all(np.isfinite(limit).all() for limit in costs.limits.values())


@pytest.mark.parametrize("hw", PROFILES)
def test_time_is_at_least_macs_over_peak(hw: str) -> None:
    simulation = simulated("resnet50", hw)
    array = simulation.profile.hardware.array
    speedup = 2.25 if getattr(array, "winograd_3x3", False) else 1.0
    peak = simulation.profile.hardware.clock_hz * array.macs_per_cycle * speedup
    assert simulation.costs.latency_s.sum() >= simulation.ops.macs.sum() / peak


@pytest.mark.parametrize(
    ("key", "value"), [("memory.onchip.size", "64KiB"), ("dram.bandwidth", "6 GB/s"), ("onchip.bandwidth", "1 GB/s")]
)
def test_settings_by_the_end_of_their_path_change_the_prediction(key: str, value: str) -> None:
    before = simulated("resnet50", "embedded_buffer").costs.latency_s.sum()
    after = simulated("resnet50", "embedded_buffer", {key: value}).costs.latency_s.sum()
    assert after != before


def test_a_larger_buffer_is_never_slower_and_never_moves_more() -> None:
    profile = load_profile("embedded_buffer")
    sizes = np.geomspace(32 * 2**10, 16 * 2**20, 48)
    swept = vary(profile, {"hardware.memory.onchip.size": sizes})
    for network in ("resnet50", "shufflenet_v2_1x", "vargnet_v1_1x"):
        simulation = simulate(build(network), swept, RunConfig.of(profile))
        assert (np.diff(simulation.costs.latency_s.sum(axis=0)) <= 1e-12).all()
        assert (np.diff(simulation.costs.traffic["dram"].sum(axis=0)) <= 1e-6).all()


def test_a_sweep_of_buffers_agrees_with_one_run_each() -> None:
    profile = load_profile("embedded_buffer")
    sizes = np.array([64.0, 200.0, 900.0]) * 1024
    swept = simulate(
        build("mobilenet_v2_1x"), vary(profile, {"hardware.memory.onchip.size": sizes}), RunConfig.of(profile)
    )
    for point, kib in enumerate((64, 200, 900)):
        alone = simulated("mobilenet_v2_1x", "embedded_buffer", {"memory.onchip.size": f"{kib} KiB"})
        np.testing.assert_allclose(swept.costs.latency_s[:, point], alone.costs.latency_s[:, 0])
        np.testing.assert_array_equal(swept.ops.plan.group[:, point], alone.ops.plan.group[:, 0])


def test_an_ample_buffer_moves_the_compulsory_bytes_only() -> None:
    simulation = simulated("resnet50", "embedded_buffer", {"memory.onchip.size": "64 MiB"})
    ops = simulation.ops
    compulsory = ops.weight_bytes.sum() + ops.input_bytes[0, 0] + ops.output_bytes[-1, 0]
    assert simulation.costs.traffic["dram"].sum() == pytest.approx(compulsory)


def test_layer_by_layer_moves_more_than_fused_and_block_lies_between() -> None:
    moved = [
        simulated("vargnet_v1_1x", "embedded_buffer", {"runtime.plan": plan}).costs.traffic["dram"].sum()
        for plan in ("fused", "block", "layer_by_layer")
    ]
    assert moved[0] <= moved[1] < moved[2]


def test_small_buffers_run_groups_line_by_line() -> None:
    plan = simulated("mobilenet_v2_1x", "embedded_buffer", {"memory.onchip.size": "64 KiB"}).ops.plan
    assert {STREAMED, TILED} <= set(np.unique(plan.mode))


def test_depthwise_uses_one_lane_of_channels() -> None:
    simulation = simulated("mobilenet_v1_1x", "embedded_buffer")
    ops, array = simulation.ops, simulation.profile.hardware.array
    row = next(i for i, label in enumerate(ops.labels) if label.op == "depthwise_conv")
    seconds = simulation.costs.ceilings["array"][row, 0]
    macs_per_cycle = ops.macs[row, 0] / (seconds * simulation.profile.hardware.clock_hz)
    assert macs_per_cycle == pytest.approx(array.macs_per_cycle / array.atomic_c)


def test_depthwise_3x3_reaches_24_of_256_on_ethos_u55() -> None:
    simulation = simulated("mobilenet_v1_1x", "ethos_u55_256")
    ops = simulation.ops
    rows = ops.is_op("depthwise_conv")[:, 0]
    cycles = simulation.costs.ceilings["array"][rows, 0] * simulation.profile.hardware.clock_hz
    best = (ops.macs[rows, 0] / cycles).max()  # the more blocks, the less the last one's output counts
    assert best == pytest.approx(24, rel=0.01)


def test_channel_shuffle_falls_back_to_the_host_on_ethos_u() -> None:
    simulation = simulated("shufflenet_v2_1x", "ethos_u55_128")
    shuffles = simulation.ops.is_op("channel_shuffle")[:, 0]
    assert (simulation.costs.ceilings["host"][shuffles] > 0).all()
    assert (simulation.costs.ceilings["host"][~shuffles] == 0).all()


def test_the_parameter_cache_is_a_cliff() -> None:
    inside = simulated("mobilenet_v2_1x", "edge_tpu").costs.traffic["dram"].sum()
    outside = simulated("resnet50", "edge_tpu")
    assert inside < 0.2e6
    assert outside.costs.traffic["dram"].sum() > outside.ops.weight_bytes.sum() - 6.9 * 2**20


def test_energy_is_null_without_sourced_numbers() -> None:
    assert simulated("mobilenet_v2_1x", "ethos_u55_128").costs.energy_j is None
    assert simulated("mobilenet_v2_1x", "embedded_buffer").costs.energy_j.sum() > 0


def test_a_buffer_below_the_smallest_tile_names_layer_and_size() -> None:
    with pytest.raises(DoesNotFitError, match=r"conv.*smallest tile needs \d+ \w+.*at least \d+ KiB") as error:
        simulated("resnet50", "embedded_buffer", {"memory.onchip.size": "256 B"})
    assert error.value.exit_code == 2


def test_a_weight_buffer_below_the_smallest_tile_names_layer_and_field() -> None:
    with pytest.raises(DoesNotFitError, match=r"conv.*weights is larger than the weight buffer; .*onchip.weight_size"):
        simulated("resnet50", "eyeriss_v1", {"memory.onchip.weight_size": "64 B"})


def test_without_memory_to_spill_to_the_whole_network_has_to_fit() -> None:
    with pytest.raises(DoesNotFitError, match="no memory to spill to"):
        simulated("mobilenet_v2_1x", "ethos_u55_128", {"memory.onchip.size": "512 KiB"})


def test_an_op_nobody_can_run(tmp_path) -> None:
    text = costsim_profile("nvdla").replace("channel_shuffle,\n", "\n").replace("transpose, ", "")
    path = tmp_path / "bare.yaml"
    path.write_text(text)
    with pytest.raises(DoesNotFitError, match=r"channel_shuffle.*no host core"):
        simulated("shufflenet_v2_1x", str(path))


@pytest.mark.parametrize(
    ("hw", "key", "value", "numbers"),
    [
        ("edge_tpu", "array.macs_per_cycle", "300", ("300", "4096")),
        ("ethos_u55_128", "array.ublock_w", "2", ("128", "256")),
        ("edge_tpu", "array.atomic_c", "32", ("4096", "2048")),
        ("eyeriss_v1", "array.cols", "12", ("168", "144")),
    ],
)
def test_contradicting_geometry_is_refused_with_both_numbers(
    hw: str, key: str, value: str, numbers: tuple[str, str]
) -> None:
    with pytest.raises(InputError) as error:
        load_profile(hw, {key: value})
    assert all(number in str(error.value) for number in numbers)


def test_the_geometry_of_an_array_can_vary_like_any_number() -> None:
    profile = load_profile("embedded_buffer")
    shapes = np.array([[8, 64], [16, 16], [64, 32], [24, 48]])
    columns = {"hardware.array.atomic_c": shapes[:, 0], "hardware.array.atomic_k": shapes[:, 1]}
    graph, run = build("mobilenet_v2_1x"), RunConfig.of(profile)
    together = simulate(graph, vary(profile, columns), run).costs.latency_s.sum(axis=0)
    for (atomic_c, atomic_k), seconds in zip(shapes, together, strict=True):
        alone = load_profile("embedded_buffer", {"array.atomic_c": str(atomic_c), "array.atomic_k": str(atomic_k)})
        assert alone.hardware.array.macs_per_cycle == atomic_c * atomic_k
        assert simulate(graph, alone, run).costs.latency_s.sum() == pytest.approx(seconds)


def test_an_array_without_room_for_its_smallest_block_names_layer_and_size() -> None:
    with pytest.raises(DoesNotFitError, match=r"smallest block.*set array.shram to at least \d+ KiB") as error:
        simulated("resnet50", "ethos_u55_128", {"array.shram": "5 KiB"})
    assert error.value.exit_code == 2


def test_a_pooling_of_a_whole_map_needs_no_block_of_that_size() -> None:
    """Squeeze-and-excitation pools maps of 112x112: no array memory holds that much at once."""
    assert simulated("efficientnet_b0", "ethos_u55_256").costs.latency_s.min() > 0


def test_a_plan_is_made_where_costs_are_asked_for_an_unplanned_table() -> None:
    profile = load_profile("embedded_buffer")
    run = RunConfig.of(profile)
    ops = lower(
        build("mobilenet_v1_1x"),
        fusion=profile.runtime.fusion, views=profile.runtime.views, elem_bytes=1, weight_elem_bytes=1,
    )  # fmt: skip
    device = device_for(profile)
    planned = device.costs(device.plan(ops, profile, run), profile, run)
    np.testing.assert_array_equal(device.costs(ops, profile, run).latency_s, planned.latency_s)


def costsim_profile(name: str) -> str:
    from costsim.hardware.folders import find_profile

    return find_profile(name).read_text()


def test_the_api_reports_the_plan_limits() -> None:
    analysis = costsim.analyze("mobilenet_v1_1x", "embedded_buffer")
    assert {"array", "onchip", "dram", "vector", "dispatch"} <= set(analysis.layer_records[0]["ceilings_ms"])


def test_a_weight_buffer_of_its_own_bounds_groups_that_keep_their_weights() -> None:
    moved = {
        weights: simulated("vargnet_v1_1x", "embedded_buffer", {"onchip.size": "64 KiB", "weight_size": weights})
        .costs.traffic["dram"]
        .sum()
        for weights in ("16 KiB", "64 KiB", "256 KiB")
    }
    assert moved["16 KiB"] > moved["64 KiB"] > moved["256 KiB"]
    shared = simulated("vargnet_v1_1x", "embedded_buffer", {"onchip.size": "64 KiB"}).costs.traffic["dram"].sum()
    assert moved["64 KiB"] < shared


def test_widths_side_by_side_cost_what_each_costs_alone() -> None:
    profile = load_profile("embedded_buffer", {"onchip.size": "64 KiB"})
    widths = np.array([8, 16, 32, 64])
    together = simulate(residual_network(widths), profile, RunConfig.of(profile)).costs
    for point, width in enumerate(widths.tolist()):
        alone = simulate(residual_network(width), profile, RunConfig.of(profile)).costs
        np.testing.assert_allclose(together.latency_s[:, point], alone.latency_s[:, 0])
        np.testing.assert_allclose(together.traffic["dram"][:, point], alone.traffic["dram"][:, 0])


def residual_network(width: Any) -> LayerGraph:
    net = NetBuilder("residual")
    x = net.conv_bn(net.input(1, 3, 64, 64), width, 3, stride=2)
    with net.block("unit"):
        y = net.conv_bn(net.depthwise_bn(net.conv_bn(x, 2 * width)), width, act=None)
        x = net.add_tensors(x, y)
    net.classifier(x, 10)
    return net.graph


@pytest.mark.parametrize(("channels", "falls"), [(48, False), (116, True), (232, True), (464, False)])
def test_shuffles_of_odd_channel_counts_run_byte_by_byte_on_the_host(channels: int, falls: bool) -> None:
    net = NetBuilder("shuffled")
    net.shuffle(net.conv(net.input(1, 16, 28, 28), channels, 1), 2)
    profile = load_profile("stm32n6")
    made = simulate(net.graph, profile, RunConfig.of(profile))
    shuffle = made.ops.is_op("channel_shuffle")[:, 0]
    elem_s = made.costs.limits["host"][shuffle, 0].item() / (channels * 28 * 28)
    assert (elem_s > profile.fitted.fallback_elem_s) == falls


def test_what_a_squeeze_excite_scales_is_multiplied_on_the_host_and_nothing_else() -> None:
    net = NetBuilder("scaled")
    x = net.conv(net.input(1, 16, 28, 28), 32, 1)
    scaled = net.multiply(x, net.act(net.conv(net.global_pool(x), 32, 1), "sigmoid"))
    net.multiply(scaled, x)
    profile = load_profile("stm32n6")
    made = simulate(net.graph, profile, RunConfig.of(profile))
    on_host = runs_on_host(made.ops, profile)[:, 0]
    assert [label.op for label, host in zip(made.ops.labels, on_host, strict=True) if host] == ["mul"]
    seconds = made.costs.limits["host"][on_host, 0].item()
    assert seconds == pytest.approx(32 * 28 * 28 * profile.fitted.fallback_elem_s, rel=0.2)


def test_an_op_that_stays_on_chip_does_not_wait_for_memory():
    net = NetBuilder("stays")
    x = net.conv(net.input(1, 16, 16, 16), 16, 1)
    net.conv(net.max_pool(x, 3, stride=1), 16, 1)
    profile = load_profile("embedded_buffer", {"hardware.memory.dram.latency": "1 ms"})
    costs = simulate(net.graph, profile, RunConfig.of(profile)).costs
    moved, waited_s = costs.traffic["dram"][:, 0], costs.limits["dram"][:, 0]
    assert (moved == 0).any() and ((waited_s > 0) == (moved > 0)).all()
    assert (waited_s[moved > 0] > 1e-3).all()
