"""A board's runtimes: its own first, others as files laid over it."""

from __future__ import annotations

import pytest

import costsim
from costsim.errors import InputError


@pytest.mark.parametrize("dtype", ["fp32", "int8"])
@pytest.mark.parametrize("runtime", ["ncnn", "xnnpack"])
def test_an_arm_board_runs_each_runtime_in_each_data_type(runtime: str, dtype: str) -> None:
    analysis = costsim.analyze("mobilenet_v1_0.25x", "rpi4b", runtime=runtime, dtype=dtype)
    assert analysis.simulation.profile.runtime.name == runtime
    assert analysis.trust.status == ("calibrated" if runtime == "ncnn" else "derived")


def test_a_runtime_brings_its_own_traits() -> None:
    ncnn, xnnpack = (costsim.load_profile("rpi4b", runtime=name).runtime for name in ("ncnn", "xnnpack"))
    assert ncnn.winograd is not None
    assert xnnpack.winograd is None
    assert "sigmoid" in ncnn.fusion["conv"]
    assert "sigmoid" not in xnnpack.fusion["conv"]


def test_asking_for_the_board_s_own_runtime_changes_nothing() -> None:
    assert costsim.load_profile("rpi4b", runtime="ncnn") == costsim.load_profile("rpi4b")


def test_a_runtime_a_board_does_not_run_names_those_it_does() -> None:
    with pytest.raises(InputError, match="unknown runtime 'xnnpac'; did you mean xnnpack"):
        costsim.load_profile("rpi4b", runtime="xnnpac")


def test_what_a_board_says_itself_stands_over_its_runtime_s_file(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "extends: nucleo_l4r5zi\nsources: {mine: {kind: measured, text: here}}\n"
        "fitted: {op_cycles: {value: 777, source: mine}}\n"
    )
    profile = costsim.load_profile(path)
    assert profile.fitted.op_cycles == 777
    assert profile.source_of("fitted.op_cycles").text == "here"
    assert profile.fitted.core_cycles == costsim.load_profile("nucleo_l4r5zi").fitted.core_cycles


@pytest.mark.parametrize("runtime", ["ncnn", "xnnpack", "paddle_lite", "tengine", "tnn"])
@pytest.mark.parametrize("board", ["rpi4b", "rpi5", "orange_pi_5_little", "imx8mp"])
def test_every_arm_board_takes_every_runtime(runtime: str, board: str) -> None:
    assert costsim.analyze("mobilenet_v1_0.25x", board, runtime=runtime, dtype="fp32").latency_ms > 0


def test_a_runtime_without_int8_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="tengine on rpi4b does not run int8"):
        costsim.analyze("mobilenet_v1_0.25x", "rpi4b", runtime="tengine", dtype="int8")


def test_a_core_has_its_own_rates_of_a_runtime_and_an_interval_of_theirs() -> None:
    board = costsim.load_profile("imx8mp", runtime="xnnpack")
    assert board.calibration.status == "derived"
    assert board.calibration_in("fp32").status == "uncalibrated"  # in int8 alone was anything measured on this core
    ncnn = costsim.load_profile("imx8mp").fitted
    assert board.fitted.gemm_ratio == pytest.approx(ncnn.gemm_ratio, rel=0.05)  # as they were when int8 was fitted
    assert board.fitted.int8 != costsim.load_profile("imx8mp").fitted.int8
