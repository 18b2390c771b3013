"""Ethos-U profiles against Arm's compiler Vela 5.2.0, op by op on MobileNet v2.

Vela is itself a model; its two compiler cores differ by up to 14 % on one network.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.networks.zoo import build
from costsim.simulate import simulate

DATA = Path(__file__).parents[2] / "validation" / "data" / "vela_mobilenet_v2.csv"

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
    assert rank_correlation(ours, vela) >= 0.9


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's, ties broken by order."""
    return float(np.corrcoef(a.argsort().argsort(), b.argsort().argsort())[0, 1])
