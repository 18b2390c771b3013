"""Pixels times input channels times output channels, by hand."""

from __future__ import annotations

import pytest

from costsim.devices import RunConfig
from costsim.devices.accelerator.arrays import ParallelArray
from costsim.graph.builder import NetBuilder
from costsim.hardware import load_profile
from costsim.simulate import lower_for

B4096 = ParallelArray(kind="parallel", pixels=8, channels_in=16, channels_out=16)


@pytest.mark.parametrize(
    ("channels", "options", "cycles"),
    [
        ((16, 16), {"kernel": 3}, 25 * 9),  # 14 x 14 pixels in 25 blocks of 8
        ((17, 16), {"kernel": 3}, 25 * 9 * 2),
        ((16, 33), {"kernel": 1}, 25 * 3),
        ((3, 16), {"kernel": 3}, 25 * 3),  # three taps of three channels together
        ((3, 16), {"kernel": 7}, 25 * 7 * 2),  # five taps together at most
        ((64, 64), {"kernel": 3, "groups": 16}, 25 * 9 * 4),  # four groups of four share the array
        ((32, 128), {"kernel": 1, "groups": 8}, 25 * 8),  # 16 outputs a group leave no room for a second
    ],
)
def test_cycles(channels: tuple[int, int], options: dict[str, int], cycles: float) -> None:
    net = NetBuilder("one")
    c_in, c_out = channels
    net.conv(net.input(1, c_in, 14, 14), c_out, **options)
    profile = load_profile("dpu_zcu102")
    ops = lower_for(net.graph, profile, RunConfig.of(profile))
    assert float(B4096.costs(ops).cycles.sum()) == cycles


def test_its_peak_is_the_product() -> None:
    assert B4096.macs_per_cycle == 2048
    assert "8 pixels x 16 x 16 channels" in B4096.in_words
