"""Plans in words: what fits, what spills, and that the buffer named would really do."""

from __future__ import annotations

import math

import pytest

from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.networks.zoo import build
from costsim.scheduling import Verdict, verdict
from costsim.simulate import simulate


def judged(network: str, kib: int, plan: str = "fused") -> Verdict:
    profile = load_profile("embedded_buffer", {"onchip.size": f"{kib} KiB", "runtime.plan": plan})
    return verdict(simulate(build(network), profile, RunConfig.of(profile)).ops, kib * 1024.0)


@pytest.mark.parametrize("network", ["mobilenet_v2_1x", "resnet50", "shufflenet_v2_1x", "vargnet_v1_1x"])
def test_the_buffer_a_verdict_names_is_enough_and_no_larger_than_needed(network: str) -> None:
    kib = math.ceil(judged(network, 64).fitting_bytes / 1024)
    assert judged(network, kib).fits
    assert not judged(network, kib - 2).fits


def test_what_is_used_is_never_more_than_there_is() -> None:
    for kib in (48, 100, 333, 1000, 4000):
        assert judged("resnet50", kib).used_bytes <= kib * 1024


def test_words_of_a_plan_that_fits() -> None:
    text = str(judged("shufflenet_v2_1x", 512))
    assert text.startswith("fits: all maps stay on chip, ")
    assert "of 512 KiB used" in text


def test_words_of_a_plan_that_spills() -> None:
    found = judged("mobilenet_v1_1x", 512)
    assert str(found).startswith(
        "spills 49 KiB of maps off chip from pair6; nothing would spill with a buffer of 1.15 MiB"
    )
    assert found.spilling_blocks == ("pair6",)
    assert found.spilled_bytes == 14 * 14 * 256


def test_fused_groups_are_named_by_their_first_and_last_layer() -> None:
    found = judged("mobilenet_v1_1x", 512)
    assert found.streamed_groups[0][0] == "conv1.conv_1"
    assert judged("mobilenet_v1_1x", 512, "layer_by_layer").streamed_groups == ()


def test_the_width_that_would_fit_is_the_share_of_the_buffer_there_is() -> None:
    found = judged("mobilenet_v1_1x", 512)
    assert found.fitting_width_ratio == pytest.approx(512 * 1024 / found.fitting_bytes)
    assert found.fitting_width_ratio < 1 == judged("mobilenet_v1_1x", 4096).fitting_width_ratio
