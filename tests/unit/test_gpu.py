"""The GPU family end to end, on its shipped profiles."""

import numpy as np
import pytest

from costsim import analyze
from costsim.calibrate.few_shot import calibrate
from costsim.calibrate.measurements import Measurement
from costsim.devices.base import RunConfig
from costsim.devices.gpu import GpuModel
from costsim.devices.gpu import model as gpu_model
from costsim.devices.gpu.joined import joined
from costsim.devices.gpu.library import Kernels
from costsim.devices.gpu.pricing import Paces, contenders
from costsim.errors import DoesNotFitError, InputError
from costsim.graph import NetBuilder
from costsim.hardware import load_profile
from costsim.hardware.vary import vary
from costsim.networks import build
from costsim.networks.micro import bottlenecks, channel_ratio, pointwise_groups
from costsim.simulate import simulate
from costsim.tables.optable import OpTable

PROFILES = ["gtx_1080ti", "v100", "h200", "rtx_3090", "jetson_tx2"]


def priced(graph, profile="gtx_1080ti", dtype=None, **settings):
    if isinstance(profile, str):
        profile = load_profile(profile, settings)
    return simulate(graph, profile, RunConfig.of(profile, dtype))


def total_s(graph, *args, **settings):
    return float(priced(graph, *args, **settings).costs.latency_s.sum())


def one_conv(c_in=64, c_out=64, *, kernel=3, batch=1, **options):
    net = NetBuilder("one")
    net.conv(net.input(batch, c_in, 56, 56), c_out, kernel, **options)
    return net.graph


BETTER = {
    "hardware.multiprocessors": 2.0,
    "hardware.clock": 1.3,
    "hardware.register_file": 2.0,
    "hardware.memory.l2.size": 4.0,
    "hardware.memory.l2.bandwidth": 3.0,
    "hardware.memory.dram.bandwidth": 3.0,
}


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("field", BETTER)
@pytest.mark.parametrize("network", ["shufflenet_v1_g3_1x", "mobilenet_v2_1x", "resnet50"])
def test_better_hardware_is_never_slower(name, field, network):
    profile = load_profile(name)
    value = profile
    for word in field.split("."):
        block = {info.alias or key: key for key, info in type(value).model_fields.items()}
        value = getattr(value, block[word])
    columns = np.linspace(1, BETTER[field], 23) * value
    if field == "hardware.multiprocessors":
        columns = np.floor(columns)
    latency = priced(build(network), vary(profile, {field: columns})).costs.latency_s.sum(axis=0)
    assert latency.shape == (23,)
    assert np.all(np.diff(latency) <= 1e-12)


@pytest.mark.parametrize("name", PROFILES)
def test_a_sweep_gives_each_point_what_it_gets_alone(name):
    profile = load_profile(name)
    clocks = np.array([0.8, 1.0, 1.7]) * 1e9
    swept = priced(build("mobilenet_v2_1x"), vary(profile, {"hardware.clock": clocks})).costs.latency_s.sum(axis=0)
    alone = [total_s(build("mobilenet_v2_1x"), vary(profile, {"hardware.clock": [clock]})) for clock in clocks]
    assert swept == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize("name", PROFILES)
def test_the_network_takes_the_larger_of_host_and_device_time(name):
    profile, ops = load_profile(name), priced(build("shufflenet_v2_1x"), name).ops
    kernels = joined(ops, profile.runtime, ops.elem_bytes[0, 0])
    calls = kernels.starts.sum() + kernels.casts.sum()  # a call a kernel
    device = total_s(build("shufflenet_v2_1x"), name, dispatch="0 s")
    assert total_s(build("shufflenet_v2_1x"), name, dispatch="0.01 us") == pytest.approx(device)
    assert total_s(build("shufflenet_v2_1x"), name, dispatch="1 ms") == pytest.approx(calls * 1e-3)


def test_winograd_multiplies_less_only_where_it_applies():
    with_it, without = load_profile("gtx_1080ti"), load_profile("gtx_1080ti", {"runtime.winograd.fp32": "[]"})

    def compute_s(profile, **options):
        return float(priced(one_conv(256, 256, batch=16, **options), profile).costs.limits["arithmetic"][0, 0])

    assert compute_s(with_it) < 0.75 * compute_s(without)
    for elsewhere in ({"stride": 2}, {"dilation": 2}, {"kernel": 5}, {"groups": 2}):
        assert compute_s(with_it, **elsewhere) == compute_s(without, **elsewhere)


def test_a_loop_over_groups_launches_a_kernel_each():
    loop = priced(pointwise_groups(256, 4), "gtx_1080ti").costs
    native = priced(pointwise_groups(256, 4), load_profile("gtx_1080ti", {"grouped": "native"})).costs
    assert loop.overheads["launch"] == pytest.approx(4 * native.overheads["launch"])
    assert loop.ceilings["latency"] == pytest.approx(4 * native.ceilings["latency"])  # native: all blocks wait together


def test_a_small_tensor_stays_in_the_l2_cache_and_a_large_one_does_not():
    ops = priced(channel_ratio(16, 16)).ops
    small, large = (priced(channel_ratio(c, c)).costs.traffic["dram"] for c in (16, 1024))
    middle = slice(1, -1)
    assert small[middle] == pytest.approx(ops.weight_bytes[middle])
    assert np.all(large[middle] > 0.5 * priced(channel_ratio(1024, 1024)).ops.compulsory_bytes[middle])


def test_element_wise_ops_and_relu_are_never_free():
    times = [total_s(bottlenecks(64, relu=r, shortcut=s)) for r in (False, True) for s in (False, True)]
    assert times[0] < times[1] < times[3]
    assert times[0] < times[2] < times[3]
    assert np.all(priced(build("shufflenet_v2_1x")).costs.latency_s > 0)


def test_half_precision_runs_on_tensor_cores():
    graph = one_conv(256, 256, kernel=1, batch=32)
    assert total_s(graph, "v100", "fp16") < 0.5 * total_s(graph, "v100", "fp32")


def test_what_exceeds_the_memory_does_not_fit():
    with pytest.raises(DoesNotFitError, match=r"weights and activations take .* gtx_1080ti has 10.2 GiB"):
        priced(one_conv(batch=40000))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"l2.bandwidth": "100 GB/s"}, "l2.bandwidth is below that of dram"),
        ({"l2.size": "20 GiB"}, "l2.size is above that of dram"),
        ({"dtypes": "[fp16]"}, "macs_per_cycle lacks fp16"),
        ({"overlap": "0.5"}, "greater than or equal to 1"),
    ],
)
def test_contradicting_profiles_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        load_profile("gtx_1080ti", settings)


@pytest.mark.parametrize("name", PROFILES)
def test_networks_side_by_side_in_one_table_cost_what_they_cost_alone(name):
    profile = load_profile(name, {"input_from": "host"})
    run = RunConfig.of(profile)
    tables = [priced(build(network), profile).ops for network in ("shufflenet_v2_1x", "resnet50", "densenet121")]
    together = OpTable.join(tables)
    alone = [GpuModel().costs(table, profile, run).latency_s for table in tables]
    np.testing.assert_array_equal(GpuModel().costs(together, profile, run).latency_s, np.concatenate(alone))


def test_a_gpu_profile_can_be_fitted_to_a_few_measurements():
    profile = load_profile("gtx_1080ti")
    slower = load_profile("gtx_1080ti", {"step_ratio": "1.95", "launch": "6 us"})
    names = ("mobilenet_v1_1x", "mobilenet_v2_1x", "resnet18", "shufflenet_v2_1x", "squeezenet_1_1")
    measurements = [Measurement(name, total_s(build(name), slower), 1) for name in names]
    fitted = calibrate(profile, measurements)
    assert fitted.before.mean_ratio > 0.1
    assert fitted.after.mean_ratio < 0.05
    assert fitted.values["fitted.step_ratio"] > profile.fitted.step_ratio


@pytest.mark.parametrize("points", [50, 300])
@pytest.mark.parametrize("name", PROFILES)
def test_kernels_that_are_not_tried_would_never_be_the_fastest(name, points, monkeypatch):
    random = np.random.default_rng(3)
    columns = {
        "hardware.clock": 10 ** random.uniform(8, 10, points),
        "hardware.memory.dram.bandwidth": 10 ** random.uniform(10, 13, points),
        "hardware.memory.l2.bandwidth": 10 ** random.uniform(11, 13, points),
        "fitted.ramp": 10 ** random.uniform(-7, -5, points),
    }
    profile = vary(load_profile(name), columns)
    few = priced(build("resnet50"), profile).costs
    monkeypatch.setattr(Kernels, "worth_trying", lambda self: self)
    monkeypatch.setattr(gpu_model, "contenders", lambda kernels, *_: kernels)
    all_tried = priced(build("resnet50"), profile).costs
    np.testing.assert_array_equal(all_tried.latency_s, few.latency_s)
    for name, traffic in few.traffic.items():
        np.testing.assert_array_equal(all_tried.traffic[name], traffic)


def test_a_clock_rules_most_kernels_out_whatever_the_bandwidth():
    clock_hz = np.linspace(1e9, 1.5e9, 300)
    profile = vary(load_profile("v100"), {"hardware.clock": clock_hz})
    simulation = priced(build("resnet50"), profile)
    rows = gpu_model._distinct_rows(simulation.ops, profile, simulation.run)
    left = contenders(rows.kernels, rows.dram_bytes, rows.reached_ratio, Paces.of(profile))
    assert len(rows.ops) <= len(left.op) < len(rows.kernels.op) / 2


@pytest.mark.parametrize("network", ["yolov8n", "mobilenet_v2_1x"])
def test_the_copy_of_the_input_is_a_row_of_its_own(network):
    copied = analyze(network, "gtx_1080ti")
    first, *others = copied.layer_records
    without = analyze(network, "gtx_1080ti", settings={"input_from": "device"}).layer_records
    graph = copied.simulation.graph
    image_bytes = 4 * np.prod(graph.input_shape)
    assert (first["name"], first["op_class"], first["bound"]) == ("input copy", "copy", "transfer")
    assert first["latency_ms"] == pytest.approx(image_bytes / 4.33e9 * 1e3)
    assert not any(first[column] for column in ("params", "macs", "flops", "mem_access_elems", "dram_bytes"))
    assert [r["name"] for r in others] == [r["name"] for r in without]
    assert others[0]["latency_ms"] == pytest.approx(without[0]["latency_ms"])
    assert others[0]["bound"] == without[0]["bound"]
    for total in ("params", "macs", "flops", "latency_ms", "dram_bytes", "weight_bytes"):
        assert sum(r[total] for r in copied.layer_records) == pytest.approx(copied.summary[total], rel=1e-6)
        for groups in (copied.class_records, copied.block_records, copied.stage_records, copied.bound_records):
            assert sum(r[total] for r in groups) == pytest.approx(copied.summary[total], rel=1e-6)
    assert sum(r["share_ratio"] for r in copied.layer_records) == pytest.approx(1)
    assert {r["op_class"]: r for r in copied.class_records}["copy"]["latency_ms"] == first["latency_ms"]
    page = copied.to_html()
    assert "input copy" in page
    assert "input copy" in copied.report("csv")
    assert copied.to_networkx().nodes[graph.inputs[0].name]["latency_ms"] == first["latency_ms"]
