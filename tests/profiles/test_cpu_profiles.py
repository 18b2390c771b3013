"""CPU boards: what their files must say, and what is refused."""

import pytest

import costsim
from costsim.errors import InputError
from costsim.hardware import load_profile, profile_names

BOARDS = [name for name in profile_names() if load_profile(name).family == "cpu"]


@pytest.mark.parametrize(
    ("alias", "core"),
    [
        ("arm_a53", "Cortex-A53"),
        ("arm_a57", "Cortex-A57"),
        ("arm_a72", "Cortex-A72"),
        ("arm_a76", "Cortex-A76"),
        ("rpi_zero2w", "Cortex-A53"),
        ("snapdragon_410", "Cortex-A53"),
    ],
)
def test_the_names_people_use_lead_to_the_core_they_mean(alias, core):
    assert load_profile(alias).hardware.core == core


@pytest.mark.parametrize("name", BOARDS)
def test_no_fitted_share_exceeds_its_whole(name):
    fitted = load_profile(name).fitted
    assert 0 < fitted.gemm_ratio <= 1
    assert 0 < fitted.clock_ratio <= 1
    assert fitted.overlap >= 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"memory.l1.size": "8 MiB"}, "l1 is larger than l2"),
        ({"memory.dram.one_core_bandwidth": "9 GB/s"}, "one core draws more"),
        ({"gemm_ratio": "1.5"}, "less than or equal to 1"),
        ({"overlap": "0.5"}, "greater than or equal to 1"),
        ({"clock": "1.4"}, "has no unit"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(settings, says):
    with pytest.raises(InputError, match=says):
        load_profile("rpi3b_plus", settings)


def test_fp16_halves_the_bytes_and_the_time_where_the_core_has_it():
    half = costsim.analyze("mobilenet_v1_1x", "rpi5", dtype="fp16").summary
    single = costsim.analyze("mobilenet_v1_1x", "rpi5", dtype="fp32").summary
    assert half["weight_bytes"] == single["weight_bytes"] / 2
    assert 0.4 < half["latency_ms"] / single["latency_ms"] < 0.8


@pytest.mark.parametrize("field", ["one_core_dram_ratio", "dram_ratio"])
def test_a_share_of_the_bus_above_one_is_refused(field):
    with pytest.raises(InputError, match=field):
        load_profile("rpi4b", {f"fitted.{field}": "1.01"})


def test_a_short_name_is_the_field_nearest_the_top():
    board = load_profile("rpi4b", settings={"gemm_ratio": "0.5", "int8.gemm_ratio": "0.25"})
    assert (board.fitted.gemm_ratio, board.fitted.int8.gemm_ratio) == (0.5, 0.25)
