"""Intervals of GPUs that nobody measured: those of cards left out of the fits of their runtime."""

import numpy as np
import pytest

from costsim.hardware import load_profile
from costsim.hardware.folders import shipped_folder
from costsim.trust import standing
from costsim.trust.widening import HOST, factors
from validation.cards_left_out import COMPUTES, card_text, coverage, host_ratios, outcome

RUNTIMES = sorted({case.runtime for case in outcome()})


def told(runtime):
    return [case for case in outcome() if case.runtime == runtime and case.host_wait < COMPUTES]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_card_nobody_measured_has_the_interval_of_cards_left_out(runtime):
    card = load_profile("rtx_4090", runtime=runtime).calibration
    written = (shipped_folder() / "runtimes" / f"{runtime}.yaml").read_text(encoding="utf-8")
    assert written.endswith(card_text([case for case in outcome() if case.runtime == runtime])), (
        "run: python -m validation.cards_left_out"
    )
    assert card.error_of == "cards left out"
    assert set(card.dtypes) == {case.dtype for case in outcome() if case.runtime == runtime}
    assert standing(load_profile("rtx_4090", runtime=runtime), card.dtypes[0]).status == "estimated"


def test_intervals_hold_nine_in_ten_of_the_cards_they_were_made_without():
    by_card = {(runtime, card): share for runtime in RUNTIMES for card, share in coverage(told(runtime)).items()}
    of_each = [by_card[c.runtime, c.card] for c in outcome() if (c.runtime, c.card) in by_card]
    assert 0.85 < np.mean(list(by_card.values())) < 0.97
    assert 0.85 < np.mean(of_each) < 0.97


def test_a_host_that_was_not_measured_has_an_interval_of_its_own():
    assert factors()[HOST] == pytest.approx(host_ratios(outcome()), rel=0.01)
