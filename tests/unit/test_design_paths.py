"""The design steps of two papers: equal multiply-adds, each moves what it is about, the ends are the papers' own."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from costsim.networks import build

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def paths() -> dict[str, pd.DataFrame]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLES))
        return {title: table.set_index("step") for title, table in import_module("design_paths").paths().items()}


@pytest.fixture
def shuffle(paths: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return paths["ShuffleNet to ShuffleNet V2"]


@pytest.fixture
def mobile(paths: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return paths["MobileNet to VarGNet"]


def test_every_step_has_the_multiply_adds_of_the_first(paths: dict[str, pd.DataFrame]) -> None:
    for table in paths.values():
        np.testing.assert_allclose(table["macs"], table["macs"].iloc[0], rtol=0.07)


def test_paths_begin_with_the_networks_of_the_zoo(shuffle: pd.DataFrame, mobile: pd.DataFrame) -> None:
    for table, name in ((shuffle, "shufflenet_v1_g3_1x"), (mobile, "mobilenet_v1_1x")):
        assert table["params"].iloc[0] == build(name).total_params


def test_each_step_from_shufflenet_to_v2_moves_its_own_measure(shuffle: pd.DataFrame) -> None:
    v1, equal, dense, split, no_sums, _ = (row for _, row in shuffle.iterrows())
    assert equal["access_ratio"] < 1.05 < v1["access_ratio"]
    assert np.isnan(dense["group_access_ratio"]) and equal["group_access_ratio"] > 1.2
    assert dense["fragments"] < equal["fragments"]
    assert no_sums["elementwise_access_ratio"] < split["elementwise_access_ratio"]
    assert no_sums["macs"] == split["macs"]


def test_each_step_from_mobilenet_to_vargnet_moves_its_own_measure(mobile: pd.DataFrame) -> None:
    first, grouped, returning, vargnet = (row for _, row in mobile.iterrows())
    assert grouped["intensity_ratio"] < first["intensity_ratio"] / 7.9
    assert returning["border_elems"] < 0.7 * grouped["border_elems"]
    assert vargnet["intensity_ratio"] < grouped["intensity_ratio"]


def test_the_whole_path_is_faster_on_what_its_paper_measured(shuffle: pd.DataFrame) -> None:
    for hw in ("gtx_1080ti", "rpi4b"):
        assert shuffle[f"latency_ms@{hw}"].iloc[-1] < shuffle[f"latency_ms@{hw}"].iloc[0]
