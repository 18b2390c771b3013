"""The V100 profile against PaddleClas's latencies."""

import numpy as np
import pytest

from costsim.calibrate.errors import ErrorSummary
from costsim.hardware import load_profile
from costsim.network import Network
from validation import v100
from validation.gpu_fit import predicted_s


def test_a_cell_slower_than_a_larger_batch_is_left_out():
    cells = v100.measurements()
    assert len(cells) == 53
    assert ("alexnet_torchvision", 4) not in cells
    assert ("alexnet_torchvision", 8) in cells


def test_the_shipped_profile_is_within_14_percent_of_what_it_was_fitted_on():
    profile = load_profile("v100")
    cells = v100.measurements()
    predicted = np.array([predicted_s(profile, Network(name, batch=batch).graph) for name, batch in cells])
    errors = np.log(predicted / np.array(list(cells.values())))
    assert ErrorSummary.of(errors).mean_ratio < 0.14
    card = profile.calibration
    inside = (card.low_ratio <= np.exp(-errors)) & (np.exp(-errors) <= card.high_ratio)
    assert 0.85 <= inside.mean() <= 1


@pytest.mark.slow
def test_the_card_states_the_error_of_networks_left_out():
    errors = ErrorSummary.of(list(v100.errors_of_left_out_networks().values()))
    assert errors.mean_ratio == pytest.approx(load_profile("v100").calibration.mean_error_ratio, abs=0.01)
