"""The profile of a machine against networks its calibration never saw, from the measurements that were kept."""

import numpy as np
import pytest

from costsim.calibrate.errors import ErrorSummary
from costsim.calibrate.host.judge import of_unseen_family
from costsim.calibrate.host.measure import ROUNDS, noise_ratio
from costsim.hardware import load_profile
from validation.host import PROFILE, VERSIONS, log_errors, straight_line_errors, timings


@pytest.fixture(scope="module")
def errors():
    return log_errors(load_profile(PROFILE), timings("onnxruntime", "judge"))


@pytest.mark.parametrize("runtime", VERSIONS)
def test_nothing_it_is_held_against_was_in_the_fit(runtime):
    seen, judged = timings(runtime, "calibration"), timings(runtime, "judge")
    assert len(judged) >= 30
    assert not seen.keys() & judged.keys()
    assert all(len(timing.rounds_s) >= ROUNDS for timing in [*seen.values(), *judged.values()])
    assert noise_ratio(judged.values()) < 0.05


MARGIN = 0.005
"""What docs/accuracy.md claims may be missed by so much before a test says so."""


def test_networks_it_never_saw_are_as_near_as_claimed(errors):
    unseen = [e for name, e in errors.items() if of_unseen_family(name)]
    assert len(unseen) >= 20
    assert ErrorSummary.of(list(errors.values())).mean_ratio <= 0.047 + MARGIN
    assert ErrorSummary.of(unseen).mean_ratio <= 0.052 + MARGIN


def test_it_is_far_better_than_a_line_in_multiply_adds(errors):
    line = ErrorSummary.of(straight_line_errors("onnxruntime", list(errors))).mean_ratio
    assert ErrorSummary.of(list(errors.values())).mean_ratio < line / 2


def test_its_interval_holds_most_of_them(errors):
    card = load_profile(PROFILE).calibration
    ratios = np.exp([-e for e in errors.values()])
    assert 0.85 <= np.mean((ratios >= card.low_ratio) & (ratios <= card.high_ratio)) <= 0.98
    assert card.high_ratio / card.low_ratio < 1.6
