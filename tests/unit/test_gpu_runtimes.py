"""Runtimes of GPUs as traits: eager, compiled and TensorRT on every board that takes them."""

import pytest

from costsim import analyze
from costsim.devices.base import RunConfig
from costsim.errors import InputError
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.networks import build
from costsim.simulate import lower_for, simulate

CARDS = ["rtx_3090", "rtx_4090", "rtx_5090", "a100", "t4", "jetson_orin_nano", "jetson_agx_orin"]
WITHOUT_INT8_UNITS = ["v100", "jetson_tx2", "jetson_nano_gpu"]


def device_s(network, hw, runtime, dtype="fp16", batch=64):
    profile = load_profile(hw, {"dispatch": "0 us"}, runtime=runtime)
    return float(
        simulate(Network(network, batch=batch).graph, profile, RunConfig.of(profile, dtype)).costs.latency_s.sum()
    )


@pytest.mark.parametrize("hw", CARDS)
def test_compiled_runs_fewer_kernels_than_eager_and_moves_less(hw):
    eager, compiled = (load_profile(hw, runtime=r) for r in ("pytorch_eager", "pytorch_compiled"))
    graph = build("mobilenet_v2_1x")
    kernels = [len(lower_for(graph, p, RunConfig.of(p))) for p in (eager, compiled)]
    assert kernels[0] > kernels[1] > 2 * 52  # each of its 52 convolutions, and a norm with what follows it
    assert device_s("mobilenet_v2_1x", hw, "pytorch_compiled") < device_s("mobilenet_v2_1x", hw, "pytorch_eager")


@pytest.mark.parametrize("hw", CARDS)
def test_small_batches_in_eager_mode_wait_for_the_host(hw):
    result = analyze("mobilenet_v1_0.25x", hw, runtime="pytorch_eager")
    profile = load_profile(hw, runtime="pytorch_eager")
    launched = len(lower_for(build("mobilenet_v1_0.25x"), profile, RunConfig.of(profile)))
    assert result.latency_ms >= launched * profile.fitted.dispatch_s * 1e3 * (1 - 1e-9)


@pytest.mark.parametrize("hw", CARDS)
def test_tensor_cores_make_large_batches_faster(hw):
    assert device_s("resnet50", hw, "tensorrt", "fp16") < device_s("resnet50", hw, "tensorrt", "fp32")


@pytest.mark.parametrize("hw", WITHOUT_INT8_UNITS)
def test_a_data_type_without_units_is_refused(hw):
    with pytest.raises(InputError, match="int8"):
        analyze("resnet50", hw, dtype="int8", runtime="tensorrt")


def test_turing_has_no_tf32_and_the_tx2_runs_tensorrt_alone():
    with pytest.raises(InputError, match="tf32"):
        analyze("resnet50", "t4", dtype="tf32", runtime="pytorch_eager")
    with pytest.raises(InputError, match="it runs tensorrt"):
        load_profile("jetson_tx2", runtime="pytorch_compiled")


def test_maps_that_the_cache_keeps_in_part_are_fetched_again():
    graph = Network("mobilenet_v2_1x", batch=32).graph
    bytes_of = []
    for kept in (1.0, 0.5, 0.1):
        profile = load_profile("rtx_5090", {"fitted.l2_kept_ratio": str(kept), "layout": "nhwc"})
        bytes_of.append(float(simulate(graph, profile, RunConfig.of(profile, "fp16")).costs.traffic["dram"].sum()))
    halved = load_profile(
        "rtx_5090", {"fitted.l2_kept_ratio": "1.0", "hardware.memory.l2.size": "48 MiB", "layout": "nhwc"}
    )
    assert bytes_of == sorted(bytes_of)
    assert bytes_of[0] < bytes_of[1]
    assert float(simulate(graph, halved, RunConfig.of(halved, "fp16")).costs.traffic["dram"].sum()) == bytes_of[1]


def test_waiting_for_a_host_that_was_not_measured_has_its_interval():
    small, large = (analyze("resnet18", "rtx_3090", batch=batch).trust for batch in (1, 512))
    assert any("waits for its host" in reason for reason in small.reasons)
    assert not any("waits for its host" in reason for reason in large.reasons)
    assert small.low_ratio < large.low_ratio and small.high_ratio > large.high_ratio


def test_the_batch_that_fills_a_card_reaches_nine_tenths_of_its_best():
    full = analyze("resnet18", "rtx_5090").filled
    per_s = {batch: 1e3 * batch / analyze("resnet18", "rtx_5090", batch=batch).latency_ms for batch in (16, 64, 256)}
    assert max(per_s.values()) <= full.best_per_s * (1 + 1e-9)
    assert all((batch < full.batch) == (rate < 0.9 * full.best_per_s) for batch, rate in per_s.items())
    assert analyze("resnet18", "rpi4b").filled is None


def test_the_sustained_clock_is_what_kernels_run_at():
    graph, seconds = build("mobilenet_v1_1x"), []
    for clock in ("800 MHz", "400 MHz"):
        profile = load_profile("t4", {"sustained_clock": clock})
        seconds.append(simulate(graph, profile, RunConfig.of(profile)).costs.limits["arithmetic"].sum())
    assert 1.5 * seconds[0] < seconds[1] <= 2 * seconds[0]
    with pytest.raises(InputError, match="above hardware"):
        load_profile("t4", {"sustained_clock": "2 GHz"})
