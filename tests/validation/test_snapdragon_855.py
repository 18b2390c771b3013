"""The Snapdragon 855 profile against PaddleClas's latencies."""

import numpy as np
import pytest

from costsim.calibrate.errors import ErrorSummary
from costsim.calibrate.fit import fit
from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.simulate import simulate
from validation import snapdragon_855


@pytest.fixture(scope="module")
def log_errors():
    """Of the shipped profile, by (network, threads)."""
    profile = load_profile("snapdragon_855")
    errors = {}
    for row in snapdragon_855.measurements().itertuples():
        costs = simulate(Network(row.network).graph, profile, RunConfig("fp32", row.threads)).costs
        errors[row.network, row.threads] = float(np.log(costs.latency_s.sum() * 1e3 / row.latency_ms))
    return errors


def test_twenty_networks_on_three_thread_counts_are_as_near_as_claimed(log_errors):
    assert len(log_errors) == 60
    assert ErrorSummary.of(list(log_errors.values())).mean_ratio <= 0.039 + 0.005  # the claim and a margin


def test_wider_networks_gain_more_from_four_threads_as_measured(log_errors):
    table = snapdragon_855.measurements().set_index(["network", "threads"]).latency_ms
    names = [f"mobilenet_v1_{width}x" for width in ("0.25", "0.5", "1")]
    measured = [table[name, 1] / table[name, 4] for name in names]
    predicted = [m * np.exp(log_errors[n, 1] - log_errors[n, 4]) for m, n in zip(measured, names, strict=True)]
    for gains in (measured, predicted):
        assert gains == sorted(gains)


def test_families_are_named_by_all_but_their_width():
    names = {snapdragon_855.family(name) for name in snapdragon_855.measurements().network}
    assert names == {"mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small"}


def test_the_card_states_the_error_of_families_left_out():
    runs, constants = snapdragon_855.measured_runs(), snapdragon_855.CONSTANTS
    whole = fit(runs, constants.core, constants.board)
    unseen = snapdragon_855.flat(snapdragon_855.families_left_out(runs, whole.log_factors))
    card = load_profile("snapdragon_855").calibration
    assert ErrorSummary.of(unseen).mean_ratio == pytest.approx(card.mean_error_ratio, abs=0.003)
    assert 0.85 <= np.mean((card.low_ratio <= np.exp(-unseen)) & (np.exp(-unseen) <= card.high_ratio)) <= 0.97
