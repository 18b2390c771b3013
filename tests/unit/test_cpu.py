"""The CPU family, mechanism by mechanism, on small networks made for it."""

import numpy as np
import pytest

import costsim
from costsim.devices import RunConfig, device_for
from costsim.devices.cpu.kernels.winograd import takes_winograd
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.priced_rows import work_of
from costsim.devices.cpu.process import process_bytes
from costsim.graph import NetBuilder
from costsim.graph.layers import Reshape, Softmax
from costsim.hardware import load_profile
from costsim.hardware.vary import vary
from costsim.lowering import lower
from costsim.simulate import simulate


@pytest.fixture
def profile():
    return load_profile("rpi3b_plus")


def network(write, *shape):
    net = NetBuilder("small")
    write(net, net.input(*(shape or (1, 32, 28, 28))))
    return net.graph


def run_on(profile, write, *shape, threads=1):
    return simulate(network(write, *shape), profile, RunConfig.of(profile, threads=threads))


def seconds(*arguments, **options):
    return float(run_on(*arguments, **options).costs.latency_s.sum())


def work_on(ops, profile):
    return work_of(ops, CpuMachine.of(profile, RunConfig.of(profile)))


def ops_of(profile, write, *shape):
    return lower(
        network(write, *shape),
        fusion=profile.runtime.fusion,
        views=profile.runtime.views,
        elem_bytes=4,
        weight_elem_bytes=4,
    )


def test_winograd_is_taken_for_undilated_3x3_of_stride_1_with_channels(profile):
    def write(net, x):
        net.conv(x, 64, 3)
        net.conv(x, 64, 3, stride=2)
        net.conv(x, 64, 3, dilation=2)
        net.conv(x, 64, 5)
        net.conv(x, 64, 1)
        net.conv(x, 32, 3, groups=32)
        net.conv(x, 64, 3, groups=2)

    taken = takes_winograd(ops_of(profile, write), profile.runtime)[:, 0]
    assert taken.tolist() == [True, False, False, False, False, False, True]


@pytest.mark.parametrize(("channels", "taken"), [(8, False), (9, True)])
def test_ncnn_takes_winograd_for_more_than_eight_channels(profile, channels, taken):
    """ncnn, src/layer/arm/convolution_arm.cpp: ``num_input > 8 || num_output > 8``, of each group."""

    def write(net, x):
        x = net.conv(x, 4 * channels)
        net.conv(x, 4 * channels, 3, groups=4)

    assert takes_winograd(ops_of(profile, write), profile.runtime)[:, 0].tolist() == [False, taken]


def test_without_winograd_a_3x3_issues_more_multiplications(profile):
    plain = profile.model_copy(update={"runtime": profile.runtime.model_copy(update={"winograd": None})})
    ops = ops_of(profile, lambda net, x: net.conv(x, 64, 3))
    ratio = work_on(ops, plain).macs.sum() / work_on(ops, profile).macs.sum()
    assert 3 < ratio < 5.0625


def test_groups_cost_a_dispatch_each(profile):
    few = run_on(profile, lambda net, x: net.conv(x, 32, 1, groups=2))
    many = run_on(profile, lambda net, x: net.conv(x, 32, 1, groups=8))
    assert many.costs.overheads["groups"].sum() == pytest.approx(4 * few.costs.overheads["groups"].sum())
    assert few.costs.overheads["groups"].sum() > 0


def test_channels_left_over_from_a_tile_cost_more_each(profile):
    per_channel = {c: seconds(profile, lambda net, x, c=c: net.conv(x, c, 1)) / c for c in (64, 65)}
    assert per_channel[65] > per_channel[64]


def test_a_tensor_read_at_once_stays_in_the_cache_and_a_large_one_does_not(profile):
    def write(net, x):
        net.act(net.act(x, "swish"), "swish")

    small = run_on(profile, write, 1, 4, 16, 16)
    large = run_on(profile, write, 1, 64, 112, 112)
    assert small.costs.traffic["dram"][1, 0] < small.ops.compulsory_bytes[1, 0]
    assert large.costs.traffic["dram"][1, 0] == pytest.approx(large.ops.compulsory_bytes[1, 0])


def test_a_view_costs_nothing_and_a_copy_does(profile):
    with_copy = run_on(profile, lambda net, x: net.shuffle(net.conv(x, 32), 4))
    assert with_copy.costs.latency_s[1, 0] > 0
    with_view = run_on(profile, lambda net, x: net.flatten(net.conv(x, 32)))
    assert len(with_view.ops) == 1


def test_fully_connected_layers_are_bound_by_the_streaming_of_their_weights(profile):
    result = run_on(profile, lambda net, x: net.linear(x, 4096), 1, 4096, 1, 1)
    assert result.costs.limit_names[result.costs.bound[0, 0]] in {"dram", "weight_stream"}
    stored = result.ops.weight_elems[0, 0] * profile.runtime.linear_weight_bytes
    assert result.costs.traffic["dram"][0, 0] >= stored


def with_runtime(profile, **traits):
    return profile.model_copy(update={"runtime": profile.runtime.model_copy(update=traits)})


@pytest.mark.parametrize("kernel", [1, 3])
def test_an_input_packed_ahead_is_fetched_before_the_product_and_not_beside_it(profile, kernel):
    ahead = with_runtime(profile, packs_ahead=True)
    beside, before = (run_on(p, lambda net, x: net.conv(x, 64, kernel, stride=2)).costs for p in (profile, ahead))
    fetched = beside.ceilings["dram"] - before.ceilings["dram"]
    assert fetched > 0
    assert before.overheads["packing"] - beside.overheads["packing"] == pytest.approx(fetched)
    assert before.traffic["dram"] == pytest.approx(beside.traffic["dram"])
    assert before.latency_s > beside.latency_s


def test_what_packs_nothing_fetches_as_before(profile):
    for write in (lambda net, x: net.act(x), lambda net, x: net.linear(net.global_pool(x), 10)):
        assert seconds(with_runtime(profile, packs_ahead=True), write) == seconds(profile, write)


def test_depthwise_kernels_value_by_value_load_four_times_as_often_unless_the_runtime_has_a_kernel(profile):
    vectors = with_runtime(profile, depthwise_kernels=())
    scalars = with_runtime(vectors, scalar_depthwise=True)
    loads = [
        work_on(ops_of(profile, lambda net, x: net.conv(x, 32, 3, groups=32)), p).loads.sum()
        for p in (vectors, scalars)
    ]
    outputs = 32 * 28 * 28
    assert loads == [outputs * (18 + 1), outputs * (4 * 18 + 1)]
    own = with_runtime(profile, scalar_depthwise=True)
    assert seconds(own, lambda net, x: net.conv(x, 32, 3, groups=32)) == seconds(
        profile, lambda net, x: net.conv(x, 32, 3, groups=32)
    )


def test_a_batch_runs_image_by_image(profile):
    def write(net, x):
        net.conv_bn(net.conv_bn(x, 64, 3), 64, 1)

    one, three = seconds(profile, write, 1, 32, 28, 28), seconds(profile, write, 3, 32, 28, 28)
    assert three == pytest.approx(3 * one)


def test_windows_in_the_leading_dimension_are_one_op(profile):
    def windows(count):
        def write(net, x):
            net.add(Softmax(), net.add(Reshape((32, 28 * 28 // count), batch=count), net.conv(x, 32, 1)))

        return run_on(profile, write)

    once = windows(1).costs.overheads["dispatch"][-1, 0]
    assert windows(49).costs.overheads["dispatch"][-1, 0] == pytest.approx(once)


def test_small_maps_gain_less_from_threads_than_wide_layers(profile):
    def gain(channels):
        def write(net, x):
            net.conv(x, channels, 1)

        return seconds(profile, write) / seconds(profile, write, threads=4)

    assert gain(256) > gain(8)


def test_a_row_of_profiles_is_the_profiles_one_by_one(profile):
    graph = network(lambda net, x: net.conv_bn(net.depthwise_bn(net.conv_bn(x, 48, 3)), 100, 1))
    run = RunConfig.of(profile)
    columns = {
        "hardware.memory.l2.size": np.array([128e3, 512e3, 2e6]),
        "hardware.memory.dram.bandwidth": np.array([1e9, 2.2e9, 8e9]),
        "fitted.gemm_ratio": np.array([0.5, 0.7, 0.9]),
        "fitted.overlap": np.array([1.0, 2.0, 3.0]),
    }
    together = simulate(graph, vary(profile, columns), run).costs.latency_s.sum(axis=0)
    for point, latency_s in enumerate(together):
        alone = vary(profile, {path: values[point] for path, values in columns.items()})
        assert simulate(graph, alone, run).costs.latency_s.sum() == pytest.approx(latency_s)


def test_every_mechanism_is_a_named_limit(profile):
    costs = run_on(profile, lambda net, x: net.conv(x, 64, 3)).costs
    assert set(costs.ceilings) == {"arithmetic", "register_loads", "l2", "weight_stream", "dram"}
    assert set(costs.overheads) == {"packing", "winograd_transform", "dispatch", "groups", "repacking"}
    for name in ("arithmetic", "dram", "packing", "winograd_transform", "dispatch"):
        assert costs.without([name]).sum() < costs.latency_s.sum(), name


def test_roofs_are_the_peaks_of_the_profile(profile):
    roofs = device_for(profile).roofs(profile, RunConfig.of(profile, threads=4))
    assert roofs.macs_per_s == 1.4e9 * 4 * 4
    assert roofs.bytes_per_s == {"dram": 2.2e9}


@pytest.fixture
def half():
    """A board whose runtime computes in half precision."""
    return load_profile("rk3568")


@pytest.mark.parametrize(("channels", "taken"), [(80, True), (84, False), (126, False)])
def test_winograd_in_half_precision_wants_whole_packs(profile, half, channels, taken):
    def multiplications_saved(board):
        work = work_on(run_on(board, lambda net, x: net.conv(x, channels, 3)).ops, board)
        return work.transformed.sum() > 0

    assert multiplications_saved(half) is np.bool_(taken)
    assert multiplications_saved(profile)


@pytest.mark.parametrize(("channels", "ratio"), [(60, 1.2), (58, 1.02)], ids=["in fours", "along the rows"])
def test_depthwise_channels_beside_a_pack_of_eight_cost_more_in_half_precision(profile, half, channels, ratio):
    def per_channel(board, count):
        write = lambda net, x: net.conv(x, count, 3, groups=count)  # noqa: E731
        return seconds(board, write, 1, count, 28, 28) / count

    assert per_channel(half, channels) > ratio * per_channel(half, 64)
    assert per_channel(profile, 60) < 1.05 * per_channel(profile, 64)


def test_a_pointwise_kernel_pays_for_reading_packs_and_writing_none(profile):
    into_63 = seconds(profile, lambda net, x: net.conv(x, 63, 1), 1, 64, 28, 28)
    from_63 = seconds(profile, lambda net, x: net.conv(x, 63, 1), 1, 63, 28, 28)
    assert into_63 > 1.1 * from_63


def test_plain_code_fills_one_lane_of_a_vector(profile):
    plain, vectorised = (with_runtime(profile, scalar_ops=ops) for ops in (("swish",), ()))
    one, four = (run_on(p, lambda net, x: net.act(x, "swish")).costs.limits["arithmetic"] for p in (plain, vectorised))
    assert one.sum() == pytest.approx(4 * four.sum())


def test_weights_used_once_arrive_no_faster_than_a_core_waits_for_them(profile):
    slow = vary(profile, {"fitted.linear_bytes_per_cycle": np.array([0.1])})
    streamed = run_on(slow, lambda net, x: net.linear(net.flatten(x), 1000), 1, 512, 1, 1)
    assert streamed.costs.limit_names[streamed.costs.bound[0, 0]] == "weight_stream"
    reused = run_on(slow, lambda net, x: net.conv(x, 64, 1)).costs
    assert reused.without(["weight_stream"]).sum() == pytest.approx(reused.latency_s.sum())


def test_a_process_holds_weights_tensors_scratch_and_the_runtime():
    small, large = (costsim.analyze(name, "rpi4b").summary for name in ("mobilenet_v1_0.25x", "mobilenet_v1_1x"))
    resident = load_profile("rpi4b").runtime.resident_bytes
    for found in (small, large):
        assert found["process_bytes"] >= resident + found["peak_activation_bytes"]
    assert large["process_bytes"] > small["process_bytes"]
    halved = costsim.analyze("mobilenet_v1_1x", "rpi4b", dtype="int8", runtime="xnnpack").summary
    whole = costsim.analyze("mobilenet_v1_1x", "rpi4b", runtime="xnnpack").summary
    assert 2 < (whole["process_bytes"] - 10 * 2**20) / (halved["process_bytes"] - 10 * 2**20) < 4.5
    assert "process_bytes" in costsim.analyze("mobilenet_v1_1x", "gtx_1080ti").unknown


def test_a_process_holds_transformed_weights_and_maps_of_winograd():
    net = NetBuilder("one")
    net.conv(net.input(1, 64, 48, 48), 64, 3)
    profile = load_profile("rpi4b")
    run = RunConfig.of(profile)
    ops = simulate(net.graph, profile, run).ops
    patches, products = (48 // 6) ** 2, (6 + 2) ** 2
    weights, tensors, transformed = 64 * 64 * products, 2 * 64 * 48 * 48, 2 * 64 * patches * products
    held = process_bytes(ops, work_of(ops, CpuMachine.of(profile, run)), 1000, holds_panels=False)
    assert held == 1000 + 4 * (weights + tensors + transformed)
