"""The ShuffleNet V2 paper's Snapdragon 810: fitted on Tables 1 to 4, held against all of its claims."""

import numpy as np
import pytest

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.paper import reconstructed_rows
from costsim.hardware import load_profile
from validation.paper import PROFILE, errors_by_left_out_table, fit_micro, log_errors, micro_run, predictions
from validation.paper_runtime import FLAGS, runtimes, tried
from validation.shufflenetv2 import orderings, winners


@pytest.fixture(scope="module")
def tables():
    """(Tables 1 to 4, Table 8): rows and what the shipped profile says."""
    return predictions()


def mean_error(pairs):
    return ErrorSummary.of([np.log(c.predicted_s / c.measured_s) for _, c in pairs]).mean_ratio


def test_the_shipped_constants_are_those_of_the_fit_on_tables_1_to_4():
    profile = load_profile(PROFILE)
    run = micro_run(profile)
    assert len(run.networks) == 51 and not any(name.startswith("T8") for name in run.networks)
    for path, value in fit_micro(run).values([run], 0).items():
        assert profile.value_at(path) == pytest.approx(value, rel=0.02), path


def test_tables_1_to_4_and_table_8_which_the_depthwise_loop_was_chosen_by(tables):
    micro, networks = tables
    assert (len(micro), len(networks)) == (51, 17)
    assert mean_error(micro) <= 0.048 + 0.005  # the claim and a margin
    assert mean_error(networks) <= 0.097 + 0.005


def test_the_card_says_its_errors_are_no_test_and_its_interval_holds_nine_in_ten(tables):
    profile = load_profile(PROFILE)
    assert profile.calibration.error_of == "training error" and "Table 8" in profile.calibration.data
    card, run = profile.calibration, micro_run(profile)
    values = fit_micro(run).values([run], 0)
    published, guessed = (
        log_errors(rows, profile, values) for rows in ([row for row, _ in tables[1]], reconstructed_rows("cpu"))
    )
    assert card.mean_error_ratio == pytest.approx(mean_error(tables[1]), abs=0.002)
    assert card.mean_error_ratio == pytest.approx(ErrorSummary.of(published).mean_ratio, abs=0.002)
    unseen = np.array([*errors_by_left_out_table(run).values(), *published, *guessed])
    others = [np.delete(unseen, i) for i in range(len(unseen))]
    inside = [low <= np.exp(-e) <= high for e, (low, high) in zip(unseen, map(interval_ratios, others), strict=True)]
    assert 0.85 <= np.mean(inside) <= 0.97
    assert 0.85 <= np.mean((card.low_ratio <= np.exp(-unseen)) & (np.exp(-unseen) <= card.high_ratio)) <= 0.97


def test_the_same_network_wins_at_every_complexity_level(tables):
    rows = [row for row, _ in tables[1]]
    measured, predicted = ({row.name: getattr(c, s) for row, c in tables[1]} for s in ("measured_s", "predicted_s"))
    assert winners(rows, predicted) == winners(rows, measured)
    assert set(winners(rows, measured).values()) == {f"ShuffleNet v2 {width}x" for width in ("0.5", "1", "1.5", "2")}


def test_no_ordering_of_groups_and_element_wise_ops_is_reversed_and_three_of_the_others_are(tables):
    seconds = {row.name: c.predicted_s for row, c in tables[0]}
    broken = [s for s in orderings("cpu") if s.found(seconds) > 0]
    assert {s.guideline for s in broken} <= {"G1", "G3"}
    assert len(broken) <= 3


def test_the_measurements_themselves_show_every_ordering(tables):
    assert len(orderings("cpu")) == 53
    assert all(s.found({row.name: row.latency_s for row, _ in tables[0]}) < 0 for s in orderings("cpu"))


def test_no_single_trait_of_the_runtime_could_be_changed_for_a_better_fit_to_tables_1_to_4():
    shipped = load_profile(PROFILE).runtime
    traits = ("microkernel", "fusion", *FLAGS)
    near = [
        (words, runtime)
        for words, runtime in runtimes()
        if sum(getattr(runtime, trait) != getattr(shipped, trait) for trait in traits) == 1
    ]
    assert len(near) == 4 + 2 + 3
    best = tried("shipped", shipped).rank
    assert all(tried(*variant).rank >= best for variant in near)


@pytest.mark.slow
def test_the_runtime_is_the_best_of_all_combinations():
    variants = [tried(*variant) for variant in runtimes()]
    assert len(variants) == 120
    assert min(variants, key=lambda v: v.rank).runtime == load_profile(PROFILE).runtime
