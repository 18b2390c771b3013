"""Shapes the kernels of CMSIS-NN have no fast loop for, by counting, and what the guidelines make of them."""

from __future__ import annotations

import numpy as np
import pytest

import costsim
from costsim.devices.mcu.kernels import in_blocks, is_generic_depthwise, issued_macs, scratch_bytes
from costsim.guidelines import Finding, check
from costsim.hardware import load_profile
from costsim.lowering import lower
from costsim.simulate import Simulation


def test_a_rest_is_computed_one_after_another_or_costs_a_whole_block() -> None:
    """Worked by hand: 27 values are six blocks of four and three single ones, or two vectors of sixteen."""
    sizes = np.array([27.0, 28.0, 16.0, 17.0])
    np.testing.assert_allclose(in_blocks(sizes, 4, 1.7), [(24 + 3 * 1.7) / 27, 1, 1, 17.7 / 17])
    np.testing.assert_allclose(in_blocks(sizes, 16, None), [32 / 27, 32 / 28, 1, 32 / 17])


def lopsided() -> costsim.NetBuilder:
    """Two convolutions and three depthwise ones: plain, of two outputs a channel, dilated."""
    net = costsim.NetBuilder("lopsided")
    x = net.conv(net.input(1, 3, 32, 32), 16, 3)
    x = net.conv(net.conv(x, 16, 3, groups=16), 30, 1, stride=2)
    x = net.conv(net.conv(x, 60, 3, groups=30), 60, 3, groups=60, dilation=2)
    net.linear(net.flatten(net.global_pool(x)), 10)
    return net


def test_lanes_and_slow_kernels_are_counted_by_the_shape_of_each_op() -> None:
    ops = lower(lopsided().graph, fusion={}, views=(), elem_bytes=1, weight_elem_bytes=1)
    runtime = load_profile("nucleo_l4r5zi", runtime="cmsis_nn").runtime
    convolutions = np.flatnonzero(ops.convolves[:, 0])
    assert is_generic_depthwise(ops)[convolutions, 0].tolist() == [False, False, False, True, True]
    ratios = issued_macs(ops, runtime)[convolutions, 0] / ops.macs[convolutions, 0]
    np.testing.assert_allclose(ratios, [(24 + 3 * 1.7) / 27, 1, 1, 1, 1])  # what is slow has no lanes to fill
    assert scratch_bytes(ops, runtime)[convolutions[3:], 0].tolist() == [0, 0]
    assert issued_macs(ops, load_profile("nucleo_l4r5zi", runtime="tflite_micro").runtime).sum() == ops.macs.sum()


def test_scratch_is_what_the_library_asks_for() -> None:
    """By arm_*_get_buffer_sizes_s8.c: whole blocks, nothing for depthwise windows of 3 x 3, vectors with Helium."""
    net = costsim.NetBuilder("scratch")
    x = net.conv(net.input(1, 3, 16, 16), 24, 3)
    net.conv(net.conv(x, 24, 3, groups=24), 24, 5, groups=24)
    ops = lower(net.graph, fusion={}, views=(), elem_bytes=1, weight_elem_bytes=1)
    dsp, helium = (load_profile(hw, runtime="cmsis_nn").runtime for hw in ("nucleo_l4r5zi", "ra8d1"))
    assert scratch_bytes(ops, dsp)[:, 0].tolist() == [2 * 28 * 2, 0, 24 * 25 * 2]
    assert scratch_bytes(ops, helium)[:, 0].tolist() == [4 * 32, 4 * 124 * 9, 4 * 124 * 25]


def found(net: costsim.LayerGraph, hw: str, **settings: str) -> tuple[list[Finding], Simulation]:
    simulation = costsim.analyze(net, hw, **settings).simulation
    return check(simulation, ("K1", "M1")), simulation


def test_each_cause_is_found_and_priced_at_the_pace_of_the_fast_loop() -> None:
    findings, simulation = found(lopsided().graph, "nucleo_l4r5zi", runtime="cmsis_nn")
    causes = {finding.instruction: finding for finding in findings}
    assert {"make channels a multiple of 4", "move the stride to the layer before"} < set(causes)
    slow = causes["use one output a channel and windows without gaps"]
    ops, costs = simulation.ops, simulation.costs
    rows = np.flatnonzero(is_generic_depthwise(ops)[:, 0])
    fit, hertz = simulation.profile.fitted, simulation.profile.hardware.clock_hz
    pace_s = fit.depthwise_cycles_per_mac * fit.core_cycles / hertz
    assert costs.ceilings["arithmetic"][rows].sum() == pytest.approx(2 * ops.macs[rows].sum() * pace_s)
    windows_s = ops.macs[rows].sum() * fit.window_cycles * fit.core_cycles / hertz  # the fast kernel copies them
    assert slow.cost_ms == pytest.approx(1e3 * (ops.macs[rows].sum() * pace_s - windows_s), rel=0.01)


@pytest.mark.parametrize("runtime", ["tflite_micro", "tinyengine"])
def test_what_has_no_lanes_and_no_second_kernel_is_not_told_so(runtime: str) -> None:
    net = costsim.Network("mlperf_tiny_ds_cnn").graph
    assert not [f for f in found(net, "stm32h743", runtime=runtime)[0] if f.id == "K1"]


def test_vectors_of_sixteen_idle_where_dsp_extensions_do_not() -> None:
    net = costsim.NetBuilder("eight")
    net.conv(net.conv(net.input(1, 8, 32, 32), 8, 1), 8, 3)
    on_helium, on_dsp = (found(net.graph, hw, runtime="cmsis_nn")[0] for hw in ("ra8d1", "nucleo_l4r5zi"))
    assert [f.instruction for f in on_helium if f.id == "K1"] == ["make channels a multiple of 16"]
    assert not on_dsp
    assert next(f for f in on_helium if f.id == "K1").severity == "warning"


def test_a_faster_memory_with_room_is_named_and_priced() -> None:
    net = costsim.Network("mlperf_tiny_autoencoder").graph
    findings = {f.location: f for f in found(net, "imxrt1060", runtime="cmsis_nn")[0] if f.id == "M1"}
    weights = next(f for place, f in findings.items() if place.startswith("weights in"))
    setting = dict([weights.evidence["setting"].split("=")])
    there, here = (costsim.analyze(net, "imxrt1060", runtime="cmsis_nn", settings=s) for s in ({}, setting))
    assert there.latency_ms - here.latency_ms == pytest.approx(
        weights.evidence["latency_ms"] - weights.evidence["changed_ms"]
    )
    assert "would hold weights" in weights.message
