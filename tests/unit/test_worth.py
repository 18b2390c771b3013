"""What guidelines are worth: pairs that are controlled, statistics that tell, prices that follow the device."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from costsim import analyze, cli
from costsim.devices import RunConfig
from costsim.errors import InputError
from costsim.hardware import load_profile, profile_names
from costsim.measures import BY_NAME, MEASURES
from costsim.measures.table import HEADLINES
from costsim.worth import prices, worth
from costsim.worth.evidence import all_evidence
from costsim.worth.pairs import SERIES, pairs
from costsim.worth.price import Timed, price_of
from costsim.worth.statistics import explained, rank_correlation

PRICED = {row.name for row in MEASURES if not row.of_time}
"""A price of a measure made of times would be one of itself."""
ABOUT = {BY_NAME[name].guideline: name for name in HEADLINES}


@pytest.mark.parametrize("guideline", SERIES)
def test_pairs_have_equal_macs_and_differ_in_what_the_guideline_is_about(guideline):
    measure = BY_NAME[{"G3": "fragments"}.get(guideline, ABOUT[guideline])]
    for pair in pairs(guideline):
        assert pair.broken.total_macs == pytest.approx(pair.kept.total_macs, rel=0.03)
        kept, broken = (
            measure.or_best(analyze(graph, "embedded_buffer").measures[measure.name])
            for graph in (pair.kept, pair.broken)
        )
        assert broken > 1.05 * kept or (guideline == "G4" and broken >= kept)  # a fused ReLU is no op


def test_pairs_of_v1_keep_the_memory_access_of_g1():
    for pair in pairs("V1"):
        kept, broken = (analyze(graph, "embedded_buffer") for graph in (pair.kept, pair.broken))
        assert broken.measures["fragments"] == kept.measures["fragments"]
        if pair.broken.input_shape[1] == 4 * pair.kept.input_shape[1]:  # outer and inner swapped
            assert broken.measures["access_ratio"] == pytest.approx(kept.measures["access_ratio"])


FAMILIES = [name for name in "abcdef" for _ in range(6)]


@pytest.fixture
def networks():
    random = np.random.default_rng(3)
    macs, x, noise = np.exp(random.normal(20, 1, 36)), random.normal(0, 1, 36), random.normal(0, 0.02, 36)
    return macs, x, noise


def test_a_measure_that_makes_the_time_explains_it_and_one_of_size_alone_nothing(networks):
    macs, x, noise = networks
    latency_s = macs**0.8 * np.exp(0.3 * x + noise)
    assert explained(macs, latency_s, x, FAMILIES) > 0.95
    assert rank_correlation(macs, latency_s, x) > 0.95
    assert rank_correlation(macs, latency_s, -x) < -0.95
    size = np.log(macs) * 2 + 1
    assert explained(macs, latency_s, size, FAMILIES) == pytest.approx(0, abs=1e-6)
    assert abs(rank_correlation(macs, latency_s, size)) < 0.35  # what is left of it is rounding


def test_a_measure_that_tells_one_family_from_the_others_explains_nothing_elsewhere(networks):
    macs, _, noise = networks
    is_first = np.array(FAMILIES) == "a"
    latency_s = macs**0.8 * np.exp(1.0 * is_first + noise)
    assert rank_correlation(macs, latency_s, is_first.astype(float)) > 0.5
    assert explained(macs, latency_s, is_first.astype(float), FAMILIES) < 0.05


def test_ties_share_their_rank():
    macs = np.ones(6) * 1e6
    latency_s, x = np.exp([0.0, 1, 2, 3, 4, 5]), np.array([0.0, 0, 0, 1, 1, 1])
    assert rank_correlation(macs, latency_s, x) == pytest.approx(0.8783, abs=1e-4)  # scipy.stats.spearmanr


def test_groups_of_ties_of_unequal_size_share_the_mean_of_their_ranks():
    macs = np.ones(6) * 1e6
    latency_s, x = np.exp([0.0, 1, 2, 3, 4, 5]), np.array([0.0, 0, 0, 0, 1, 2])
    ranks = np.array([2.5, 2.5, 2.5, 2.5, 5, 6])
    assert rank_correlation(macs, latency_s, x) == pytest.approx(np.corrcoef(ranks, range(6))[0, 1])


@pytest.mark.parametrize(("broken_ms", "price_ms"), [(12.0, 0.0), (15.0, 2.5)])
def test_what_multiply_accumulates_differ_is_no_price(broken_ms, price_ms):
    kept = Timed(10.0, 0.9, 1.1, 100e6, {"fragments": 1.0})
    broken = Timed(broken_ms, 0.9, 1.1, 120e6, {"fragments": 2.0})
    assert price_of(BY_NAME["fragments"], [(kept, broken)], None).price_ms == price_ms


def test_prices_that_cancel_each_other_are_none():
    kept = Timed(0.3, 0.9, 1.1, 1e6, {"fragments": 1.0})
    broken = [Timed(0.3 + step, 0.9, 1.1, 1e6, {"fragments": 2.0}) for step in (0.1, -0.1)]
    assert price_of(BY_NAME["fragments"], [(kept, other) for other in broken], None).price_ms == 0


def test_a_kernel_costs_what_its_launch_does():
    def price(launch: str) -> float:
        profile = load_profile("gtx_1080ti", {"fitted.launch": launch})
        (kernels,) = prices(profile, RunConfig.of(profile), [BY_NAME["kernels"]])
        return kernels.price_ms

    assert price("504 us") - price("4 us") == pytest.approx(0.5, rel=0.02)


def test_what_does_not_fit_is_not_priced_and_said_to_be_so():
    found = worth("stm32h743")
    assert any("too large" in note for note in found.notes)
    assert all(price.orders.pairs <= sum(1 for _ in pairs(price.measure.guideline)) for price in found.prices)


def test_json_has_every_measure_with_its_price_and_what_was_measured():
    result = CliRunner().invoke(cli.cli, ["guidelines", "--hw", "rpi4b", "--format", "json"])
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    rows = {row["measure"]: row for row in found["measures"]}
    assert set(rows) == PRICED
    for row in rows.values():
        assert row["low_ms"] <= row["price_ms"] <= row["high_ms"]
        assert 0 <= row["slower"] <= row["pairs"]
    assert rows["fragments"]["price_ms"] > 0 and rows["elementwise_elems"]["price_ms"] > 0
    told = rows["elementwise_access_ratio"]["measured"]
    assert told["networks"] >= 10 and told["families"] >= 4 and -1 <= told["rank_correlation"] <= 1
    assert rows["access_ratio"]["per"] == "unit" and rows["border_elems"]["per"] == "million elements"


def test_an_unknown_device_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="rpi4b"):
        worth("rpi4")


def test_evidence_is_of_devices_and_measures_there_are():
    assert {profile for profile, _ in all_evidence()} <= set(profile_names())
    assert {measure for _, measure in all_evidence()} <= PRICED
    assert {load_profile(profile).family for profile, _ in all_evidence()} == {"cpu", "gpu", "accelerator"}
    assert all(found.explained_ratio <= 1 for found in all_evidence().values())
