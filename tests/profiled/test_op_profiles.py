"""Profiles of runtimes beside predictions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import costsim
from costsim.calibrate.measurements import read_measurements
from costsim.errors import InputError
from costsim.graph.builder import NetBuilder
from costsim.profiled import read_op_profile

BENCHMARK_MODEL = """INFO: Graph: [models/net.tflite]
INFO: #threads used for CPU inference: [2]
INFO: Inference timings in us: Init: 900, First inference: 9000, Warmup (avg): 8000, Inference (avg): 700.5

Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
\t             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\tConvolution (NHWC, F32) IGEMM\t    0.300\t    0.250\t 50.0%\t 50.0%\t 0.000\t 1\tDelegate/Conv IGEMM:0
\tDepthwise Convolution (NHWC, F32)\t 0.1\t 0.125\t 25.0%\t 75.0%\t 0.000\t 1\tDelegate/Depthwise:1
\tSOFTMAX\t    0.100\t    0.125\t 25.0%\t100.0%\t 0.000\t 1\t[net/softmax]:7

============================== Top by Computation Time ==============================
\t             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
"""


def small_network() -> costsim.Network:
    net = NetBuilder("small")
    x = net.conv(net.input(1, 3, 32, 32), 16, 3, padding=1)
    x = net.conv(net.act(x), 16, 3, padding=1, groups=16)
    net.linear(net.global_pool(x), 10)
    return costsim.Network(net.graph)


def onnxruntime_json(*names: str) -> str:
    def event(cat: str, name: str, start: int, us: float, op: str = "") -> dict[str, object]:
        return {"cat": cat, "ph": "X", "name": name, "ts": start, "dur": us, "args": {"op_name": op}}

    events = []
    for run, factor in enumerate((10, 2, 1)):
        start = 1000 * (run + 1)
        events.append(event("Session", "model_run", start, 100 * factor))
        events += [event("Node", f"{name}_kernel_time", start + 1, 30 * factor, "Conv") for name in names]
    return json.dumps(events)


def test_the_first_of_several_runs_warms_up_and_the_least_of_the_others_counts(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(onnxruntime_json("conv_1", "conv_2"))
    profile = read_op_profile(path)
    assert [op.seconds for op in profile.ops] == pytest.approx([30e-6, 30e-6])
    assert profile.whole_s == pytest.approx(100e-6)
    assert profile.gap_s == pytest.approx(40e-6)


def test_names_match_however_the_optimizer_decorates_them_and_the_rest_is_named(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(onnxruntime_json("fused conv_1_nchwc", "elsewhere/Conv_9"))
    analysis = costsim.analyze(small_network(), "rpi4b", op_profile=path)
    measured = {layer["name"]: layer["measured_ms"] for layer in analysis.to_dict()["layers"]}
    assert measured["conv_1"] == pytest.approx(0.03)
    assert measured["linear_1"] is None
    assert any("elsewhere/Conv_9" in text and "no ops of this network" in text for text in analysis.warnings)
    assert any("has nothing of" in text and "linear_1" in text for text in analysis.warnings)
    assert "Measured beside predicted: 1 ops" in analysis.report("text")
    assert "Measured" in analysis.report("html")
    assert analysis.to_dict()["op_profile"]["unmatched"][0]["name"] == "elsewhere/Conv_9"


def test_ops_without_a_name_match_by_kind_and_order(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(BENCHMARK_MODEL)
    analysis = costsim.analyze(small_network(), "rpi4b", op_profile=path)
    measured = {layer["op"]: layer["measured_ms"] for layer in analysis.layer_records}
    assert measured["depthwise_conv"] == pytest.approx(0.125)
    assert any("net/softmax" in text for text in analysis.warnings)
    assert analysis.beside is not None
    assert analysis.beside.profile.whole_s == pytest.approx(700.5e-6)


def test_executorchs_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "inspector.tsv"
    rows = ["event_block_name\tevent_name\tp10 (ms)\tp50 (ms)\tavg (ms)"]
    rows += ["Execute\tFully Connected (NC, F32) GEMM #1\t0.1\t0.2\t0.3", "Execute\tDELEGATE_CALL\t1\t1\t1"]
    path.write_text("\n".join([*rows, "Execute\tMethod::execute\t1\t1.5\t2"]))
    profile = read_op_profile(path)
    assert [(op.kind, op.seconds) for op in profile.ops] == [("Fully Connected (NC, F32) GEMM", pytest.approx(2e-4))]
    assert profile.whole_s == pytest.approx(1.5e-3)


def test_a_log_of_another_tool_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("throughput 12 fps\n")
    with pytest.raises(InputError, match="no op profile that is known"):
        read_op_profile(path)


def test_an_op_profile_is_a_measurement_of_the_network_it_is_given_for(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(onnxruntime_json("conv_1"))
    (measurement,) = read_measurements(f"mobilenet_v1_1x={path}")
    assert (measurement.network, measurement.latency_s) == ("mobilenet_v1_1x", pytest.approx(1e-4))
