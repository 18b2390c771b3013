"""The GTX 1080 Ti profile against the measurements it was and was not fitted on."""

import numpy as np
import pytest

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.hardware import load_profile
from validation import deepbench, gtx_1080ti
from validation.gpu_fit import solve
from validation.shufflenetv2 import orderings, shown, winners

WON = {"40 M": "0.25", "140 M": "0.5", "300 M": "0.75", "500 M": "1.0"}
"""Table 8: MobileNet v1 is the fastest at every level."""


@pytest.fixture(scope="module")
def micro():
    return gtx_1080ti.predict(gtx_1080ti.MICRO)


@pytest.fixture(scope="module")
def networks():
    return gtx_1080ti.predict(gtx_1080ti.PUBLISHED)


def mean_error(prediction):
    return ErrorSummary.of(list(prediction.log_errors.values())).mean_ratio


def test_the_shipped_constants_are_those_of_the_fit():
    values, _ = solve(gtx_1080ti.micro_run())
    profile = load_profile("gtx_1080ti")
    for path, value in values.items():
        if profile.source_of(path).kind == "fitted" and path != "fitted.winograd_ratio":  # from DeepBench
            assert profile.value_at(path) == pytest.approx(value, rel=0.02), path


def test_the_rate_of_the_inputs_copy_is_that_of_figure_2_and_not_of_table_8():
    rates = gtx_1080ti.copy_rates()
    assert sorted(rates) == ["mobilenet_v2_1x", "shufflenet_v1_g3_1x"]
    assert all(3.5e9 < rate < 5.5e9 for rate in rates.values())
    shipped = load_profile("gtx_1080ti").hardware.memory.host.bandwidth_bytes_per_s
    assert shipped == pytest.approx(gtx_1080ti.copy_rate(), rel=0.005)


def test_tables_1_to_4_are_as_near_as_claimed(micro):
    assert len(micro.predicted_s) == 51
    assert mean_error(micro) <= 0.077 + 0.005  # the claim and a margin


def test_no_ordering_of_the_guidelines_is_reversed_and_only_a_fused_relu_ties(micro):
    found = shown(micro.predicted_s, "gpu")
    assert gtx_1080ti.violated(micro) == []
    assert found == (53, 6, 59)
    assert shown(micro.predicted_s, "gpu", "G4").ties == found.ties


def test_the_measurements_themselves_show_every_ordering(micro):
    assert all(ordering.found(micro.measured_s) < 0 for ordering in orderings("gpu"))


def test_table_8_which_the_fit_never_saw_is_as_near_as_claimed(networks):
    assert len(networks.predicted_s) == 17
    assert mean_error(networks) <= 0.080 + 0.005  # the claim and a margin


def test_the_same_network_wins_at_every_complexity_level(networks):
    for seconds in (networks.measured_s, networks.predicted_s):
        won = winners(gtx_1080ti.PUBLISHED, seconds)
        assert won == {level: f"{width} MobileNet v1" for level, width in WON.items()}


def test_the_card_of_the_profile_says_what_was_measured(networks):
    card, errors = load_profile("gtx_1080ti").calibration, ErrorSummary.of(list(networks.log_errors.values()))
    assert card.mean_error_ratio == pytest.approx(errors.mean_ratio, abs=0.005)
    assert card.within_10_percent_ratio == pytest.approx(errors.within_10_percent_ratio, abs=0.01)


def test_nine_in_ten_of_what_the_fit_has_not_seen_lie_in_the_interval(networks):
    unseen = np.array([*gtx_1080ti.errors_by_left_out_table().values(), *networks.log_errors.values()])
    others = [np.delete(unseen, i) for i in range(len(unseen))]
    measured_ratio = np.exp(-unseen)
    inside = [low <= r <= high for r, (low, high) in zip(measured_ratio, map(interval_ratios, others), strict=True)]
    assert 0.85 <= np.mean(inside) <= 0.97
    card = load_profile("gtx_1080ti").calibration
    assert 0.85 <= np.mean((card.low_ratio <= measured_ratio) & (measured_ratio <= card.high_ratio)) <= 0.97


def test_dense_layers_of_deepbench_are_within_14_percent_and_beat_a_roofline():
    errors, plain = deepbench.cross_validated(), deepbench.cross_validated(plain=True)
    assert np.mean(np.abs(list(errors.values()))) < 0.14
    of_products = [np.mean([abs(e[name]) for name in deepbench.implicit_gemm()]) for e in (errors, plain)]
    assert of_products[0] < 0.75 * of_products[1]
