"""Kernel profiles of GPUs beside the ops of a network: torch.profiler, trtexec and Nsight Systems."""

import json

import pytest

import costsim
from costsim.graph import NetBuilder
from costsim.graph import layers as L
from costsim.profiled.formats import parse_op_profile
from costsim.profiled.gpu import kind_of, one_run


def small():
    net = NetBuilder("small", source="test")
    x = net.conv(net.input(1, 3, 32, 32), 16, 3, padding=1)
    net.linear(net.flatten(net.act(x)), 10)
    return net.graph


def trace(runs, *, steps):
    """A trace as torch.profiler writes it: an op of the host, and the kernels it launched later."""
    events, clock, number = [], 0.0, 0
    for step in range(runs):
        begins = clock
        for op, kernels in (
            ("aten::cudnn_convolution", [("nchwToNhwcKernel", 5), ("sm80_xmma_fprop_implicit_gemm", 40)]),
            ("aten::clamp_min", [("vectorized_elementwise_kernel<4, relu>", 10)]),
            ("aten::addmm", [("ampere_sgemm_32x128_tn", 20)]),
        ):
            number += 1
            args = {"External id": number}
            events.append({"ph": "X", "cat": "cpu_op", "name": op, "ts": clock, "dur": 9, "args": args})
            for kernel, us in kernels:
                clock += 10
                dur = us * (3 if step == 0 else 1)
                events.append({"ph": "X", "cat": "kernel", "name": kernel, "ts": clock, "dur": dur, "args": args})
            clock += 50
        if steps:
            name = f"ProfilerStep#{step}"
            events.append({"ph": "X", "cat": "user_annotation", "name": name, "ts": begins, "dur": clock - begins})
    return json.dumps({"schemaVersion": 1, "traceEvents": events})


@pytest.mark.parametrize("steps", [True, False])
def test_the_kernels_of_the_last_step_are_summed_by_the_op_they_ran_for(steps):
    profile = parse_op_profile(trace(3, steps=steps), "trace.json")
    expected = [("cudnn_convolution", 45e-6), ("clamp_min", 10e-6), ("addmm", 20e-6)]
    assert [(op.kind, op.seconds) for op in profile.ops] == [(kind, pytest.approx(s)) for kind, s in expected]
    assert profile.source == "torch.profiler"
    assert profile.whole_s > profile.ops_s


def test_measured_kernels_stand_beside_the_ops_of_the_network(tmp_path):
    path = tmp_path / "trace.json"
    path.write_text(trace(2, steps=True))
    analysis = costsim.analyze(small(), "rtx_5090", op_profile=path)
    ops = {label.name: label.op for label in analysis.simulation.ops.labels}
    measured = {ops[name]: seconds for name, seconds in analysis.beside.measured_s.items()}
    assert measured == {"conv": pytest.approx(45e-6), "linear": pytest.approx(20e-6), "relu": pytest.approx(10e-6)}


def test_layers_that_trtexec_joined_are_found_by_the_first_of_them(tmp_path):
    net = NetBuilder("named", source="test")
    x = net.add(L.Conv2d(16, 3), net.input(1, 3, 32, 32), name="stem/Conv")
    net.add(L.Activation("swish"), x, name="stem/Mul")
    layers = [
        {"count": 100},
        {"name": "Reformatting CopyNode for Input Tensor 0", "timeMs": 1, "averageMs": 0.01, "percentage": 9},
        {"name": "stem/Conv + PWN(stem/Sigmoid, stem/Mul)", "timeMs": 10, "averageMs": 0.1, "percentage": 91},
    ]
    written = tmp_path / "layers.json"
    written.write_text(json.dumps(layers))
    beside = costsim.analyze(net.graph, "a100", runtime="tensorrt", op_profile=written).beside
    assert list(beside.measured_s.values()) == [pytest.approx(0.1e-3)]
    assert beside.profile.whole_s == pytest.approx(0.11e-3)
    assert [op.name for op in beside.unmatched] == ["Reformatting CopyNode for Input Tensor 0"]


def test_a_trace_of_nsight_systems_is_read_in_the_order_kernels_ran():
    rows = [("sm80_xmma_fprop_implicit_gemm", 40), ("max_pool_forward_nchw", 7), ("ampere_sgemm_32x128_tn", 20)]
    lines = ["Start (ns),Duration (ns),CorrId,Strm,Name", "0,900,1,7,[CUDA memcpy Host-to-Device]"]
    lines += [f"{1000 * n},{us * 1000},{n},7,{name}" for n, (name, us) in enumerate(rows * 2, start=1)]
    profile = parse_op_profile("Processing...\n" + "\n".join(lines), "trace.csv")
    assert [op.kind for op in profile.ops] == ["conv", "max_pool", "gemm"]
    assert profile.ops_s == pytest.approx(67e-6)


@pytest.mark.parametrize(
    ("kernel", "kind"),
    [
        ("void cudnn::winograd_nonfused::winogradForwardFilter4x4<float>", "conv"),
        ("void at::native::(anonymous namespace)::conv_depthwise2d_forward_kernel<3>", "depthwise conv"),
        ("void at::native::my_kernel<4>(int)", "at::native::my_kernel"),
    ],
)
def test_kernel_names_tell_their_kind(kernel, kind):
    assert kind_of(kernel) == kind


@pytest.mark.parametrize(
    ("names", "length"),
    [("abcabc", 3), ("xxabcabcabc", 3), ("aabaab", 3), ("abcd", 4), ("abcdd", 5), ("a", 1), ("aa", 1)],
)
def test_one_run_is_what_comes_again(names, length):
    assert one_run(list(names)) == length


def test_a_card_is_fitted_to_the_kernels_of_one_network_and_another_networks_profile_is_refused(run, tmp_path):
    seen = costsim.analyze("mobilenet_v1_0.25x", "rtx_5090", batch=8, settings={"dispatch": "0 us"}).simulation
    times = dict(zip((label.name for label in seen.ops.labels), seen.costs.latency_s[:, 0], strict=True))
    slower = [{"name": name, "averageMs": 1.3e3 * seconds} for name, seconds in times.items()]
    path, target = tmp_path / "layers.json", tmp_path / "mine.yaml"
    path.write_text(json.dumps([{"count": 10}, *slower]))
    code, out, err = run(
        "calibrate", "--base", "rtx_5090", "--from", f"mobilenet_v1_0.25x batch 8={path}", "-o", str(target)
    )
    assert code == 0, err
    assert f"{len(slower)}" in out or "mobilenet_v1_0.25x batch 8" in out
    after = costsim.analyze("mobilenet_v1_0.25x", target, batch=8, settings={"dispatch": "0 us"}).latency_ms
    assert after == pytest.approx(1.3e3 * sum(times.values()), rel=0.1)
    code, out, err = run("calibrate", "--base", "rtx_5090", "--from", f"vgg16={path}", "-o", str(tmp_path / "o.yaml"))
    assert (code, out) == (1, "")
    assert "are ops of vgg16" in err
