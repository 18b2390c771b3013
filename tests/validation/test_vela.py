"""Ethos-U profiles against Arm's compiler Vela 5.2.0, op by op on MobileNet v2.

Vela is itself a model; its two compiler cores differ by up to 14 % on one network.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.networks.zoo import build
from costsim.simulate import simulate

DATA = Path(__file__).parents[2] / "validation" / "data" / "vela_mobilenet_v2.csv"

AMPLE = {"memory.onchip.size": "16 MiB"}
"""Vela does not bound the SRAM of the U55 modes; ResNet-50 needs more than the profile's 4 MiB."""

WORDS = {
    "Conv2D": {"conv", "linear"},
    "DepthwiseConv2D": {"depthwise_conv"},
    "Add": {"add"},
    "AvgPool": {"global_pool"},
}


@pytest.mark.parametrize("name", ["ethos_u55_128", "ethos_u55_256", "ethos_u65_512"])
def test_cycles_of_mobilenet_v2(name: str) -> None:
    with DATA.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    profile = load_profile(name)
    simulation = simulate(build("mobilenet_v2_1x"), profile, RunConfig.of(profile))
    assert all(label.op in WORDS[row["op"]] for label, row in zip(simulation.ops.labels, rows, strict=True))
    ours = simulation.costs.latency_s[:, 0] * profile.hardware.clock_hz
    vela = np.array([float(row[f"{name}_cycles"]) for row in rows])
    assert ours.sum() == pytest.approx(vela.sum(), rel=0.15)
    assert spearmanr(ours, vela).statistic >= 0.9


POOLING = [
    ("ethos_u55_128", 453053, 51584),
    ("ethos_u55_256", 228066, 52024),
    ("ethos_u65_512", 114258, 26044),
]
"""Cycles Vela 5.2.0 gives the two pooling layers of ResNet-50: four a tap of a micro-block."""


@pytest.mark.parametrize(("name", "max_pool_cycles", "global_pool_cycles"), POOLING)
def test_pooling_of_resnet50(name: str, max_pool_cycles: float, global_pool_cycles: float) -> None:
    profile = load_profile(name, AMPLE if "u55" in name else None)
    simulation = simulate(build("resnet50"), profile, RunConfig.of(profile))
    cycles = simulation.costs.latency_s[simulation.ops.is_op("max_pool", "global_pool")[:, 0], 0]
    np.testing.assert_allclose(cycles * profile.hardware.clock_hz, [max_pool_cycles, global_pool_cycles], rtol=0.05)


def test_the_image_is_fetched_block_by_block_in_bursts_it_hardly_fills() -> None:
    profile = load_profile("ethos_u65_512")
    for network, vela_cycles in (("mobilenet_v1_1x", 265906), ("resnet50", 1409240)):
        simulation = simulate(build(network), profile, RunConfig.of(profile))
        cycles = simulation.costs.ceilings["dram"][0, 0] * profile.hardware.clock_hz
        assert cycles == pytest.approx(vela_cycles, rel=0.25)
