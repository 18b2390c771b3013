"""RTX 3090 and 5090 in eager PyTorch against timm's throughputs."""

import numpy as np
import pytest

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.hardware import load_profile
from validation import timm


def test_families_left_out_are_none_of_those_the_fit_has_seen():
    rows = timm.measurements()
    family = rows.network.str.replace(r"[0-9_].*", "", regex=True)
    assert not set(family[rows.part == "fitted"]) & set(family[rows.part == "left out"])
    assert (rows.groupby("profile").size() >= 40).all()


@pytest.mark.parametrize("board", timm.BOARDS)
def test_the_null_model_is_the_best_line_through_what_it_saw(board):
    errors = np.array(list(timm.null_errors(board).values()))
    assert len(errors) == 19
    assert 0.08 < np.abs(errors).mean() < 0.2


@pytest.mark.slow
def test_cards_state_the_errors_of_families_left_out():
    runs, unseen = [timm.run(board) for board in timm.BOARDS], timm.left_out()
    solved = timm.solve(runs)
    for index, board in enumerate(timm.BOARDS):
        errors = [e for name, e in solved.log_errors[index].items() if name in unseen]
        profile = load_profile(board)
        card = profile.calibration
        assert ErrorSummary.of(errors).mean_ratio == pytest.approx(card.mean_error_ratio, abs=0.01)
        assert interval_ratios(errors) == pytest.approx((card.low_ratio, card.high_ratio), abs=0.02)
        shipped = {path: profile.value_at(path) for path in solved.values(runs, index)}
        assert solved.values(runs, index) == pytest.approx(shipped, rel=0.03)
