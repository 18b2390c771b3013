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
    assert analysis.trust.status == ("calibrated" if runtime == "ncnn" else "estimated")


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
