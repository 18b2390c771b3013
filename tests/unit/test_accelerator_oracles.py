"""Readable second opinions: liveness, energy, parameter caches, row-stationary sums, tiles of weights."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import costsim
from costsim.devices import RunConfig
from costsim.devices.accelerator.rules import uncached_weight_bytes
from costsim.errors import InputError
from costsim.graph import LayerGraph, NetBuilder
from costsim.hardware import load_profile
from costsim.hardware.vary import vary
from costsim.lowering import lower
from costsim.scheduling.planner import _tile_bytes
from costsim.simulate import simulate
from costsim.tables.liveness import live_bytes
from costsim.tables.optable import OpTable
from tests.strategies import layer_graphs


def lowered(graph: LayerGraph) -> OpTable:
    return lower(graph, fusion={}, views=(), elem_bytes=1, weight_elem_bytes=1)


def alive(ops: OpTable) -> list[float]:
    """Bytes of the tensors that exist while each row runs, each tensor asked one by one."""
    readers = {tensor: [r for r, read in enumerate(ops.producers) if tensor in read] for tensor in range(-1, len(ops))}
    first = readers[-1][0] if readers[-1] else None
    sizes = dict(enumerate(ops.output_bytes[:, 0].tolist()))
    born = {tensor: tensor for tensor in sizes}
    dies = {tensor: max(readers[tensor], default=len(ops)) for tensor in sizes}
    if first is not None:
        sizes[-1], born[-1], dies[-1] = ops.input_bytes[first, 0], 0, readers[-1][-1]
    return [sum(size for t, size in sizes.items() if born[t] <= row <= dies[t]) for row in range(len(ops))]


@given(layer_graphs(max_layers=10))
@settings(max_examples=100)
def test_the_bytes_alive_are_those_of_tensors_asked_one_by_one(graph: LayerGraph) -> None:
    try:
        ops = lowered(graph)
    except InputError:  # views alone
        reject()
    assert live_bytes(ops)[:, 0].tolist() == alive(ops)


@pytest.mark.parametrize("name", ["embedded_buffer", "eyeriss_v1"])
def test_energy_is_products_bytes_and_time_at_their_prices(name: str) -> None:
    profile = load_profile(name)
    energy = profile.energy
    assert energy is not None
    simulation = simulate(costsim.Network("mobilenet_v2_1x").graph, profile, RunConfig.of(profile))
    costs, ops = simulation.costs, simulation.ops
    multiplied = np.where(ops.reads_input[:, None], ops.macs, ops.macs * (1 - energy.zero_ratio))
    expected = (
        multiplied * energy.mac_j
        + costs.traffic["onchip"] * energy.onchip_j_per_byte
        + costs.traffic["dram"] * energy.offchip_j_per_byte
        + costs.latency_s * energy.idle_w
    )
    assert costs.energy_j is not None
    np.testing.assert_allclose(costs.energy_j, expected)
    assert (multiplied * energy.mac_j).sum() > 0.01 * expected.sum()


def test_where_only_a_power_is_published_energy_is_power_times_time() -> None:
    analysis = costsim.analyze("mobilenet_v2_1x", "hailo8")
    joules = analysis.latency_ms / 1e3 * 2.5
    assert analysis.energy_parts_mj == {"running": pytest.approx(joules * 1e3)}
    assert analysis.summary["energy_low_mj"] < joules * 1e3 < analysis.summary["energy_high_mj"]
    assert sum(record["energy_mj"] for record in analysis.layer_records) == pytest.approx(joules * 1e3)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(0, 40_000))
def test_a_parameter_cache_is_filled_in_order_until_it_is_full(widths: list[int], room: int) -> None:
    net = NetBuilder("chain")
    x = net.input(1, 8, 4, 4)
    for width in widths:
        x = net.conv(x, width, 3, padding=1)
    profile = load_profile("edge_tpu")
    cache = profile.hardware.memory.parameter_cache
    assert cache is not None
    size = "hardware.memory.parameter_cache.size"
    profile = vary(profile, {size: np.array([float(room)])})
    ops = lowered(net.graph)
    left = float(room)
    if cache.beside_maps:
        left = min(max(profile.hardware.memory.onchip.size_bytes - max(alive(ops)), 0.0), left)
    expected = []
    for stored in ops.weight_bytes[:, 0].tolist():
        kept = min(left, stored)
        left -= kept
        expected.append(stored - kept)
    assert uncached_weight_bytes(ops, profile)[:, 0].tolist() == expected


@given(st.integers(1, 70), st.integers(1, 96), st.integers(1, 96), st.sampled_from([1, 3, 5, 7]))
def test_row_stationary_sums_leave_the_array_once_per_two_channels_of_a_set(
    side: int, c_in: int, c_out: int, kernel: int
) -> None:
    """Rows of the output are laid into the array one after another; whatever is left takes further sets."""
    net = NetBuilder("conv")
    net.conv(net.input(1, c_in, side, side), c_out, kernel, padding=kernel // 2, bias=False)
    ops, array = lowered(net.graph), load_profile("eyeriss_v1").hardware.array
    bands = floor(array.rows / kernel)
    places = [(band, column) for band in range(bands) for column in range(array.cols)]
    sets = 0
    if side <= array.cols:  # a set lies within one band
        sets = sum(floor(array.cols / side) for _ in range(bands))
    else:
        while len(places) >= (sets + 1) * side:
            sets += 1
    sets = min(max(sets, 1), c_in * c_out)
    channels = 1 if side > len(places) else max(1, 2 * sets)
    sums = 2 * ceil(c_in / channels) * c_out * side * side
    found = array.costs(ops).onchip_elems[0, 0]
    assert found == c_in * side * side + c_in * c_out * kernel * kernel + sums


@given(st.integers(1, 64), st.integers(1, 64), st.integers(1, 32))
def test_two_tiles_of_weights_are_on_chip_one_loading_while_the_other_works(
    c_in: int, c_out: int, at_once: int
) -> None:
    net = NetBuilder("conv")
    net.conv(net.input(1, c_in, 4, 4), c_out, 3, padding=1, bias=False)
    ops = lowered(net.graph)
    one = min(at_once, c_out) * c_in * 9
    assert _tile_bytes(ops, ops.weight_bytes[:, 0], at_once)[0] == pytest.approx(min(2 * one, c_out * c_in * 9))
