"""What the shipped cards say they were made on, gathered again."""

from __future__ import annotations

import pytest

from costsim.hardware import load_profile, profile_names
from validation.cards import made_on
from validation.stamp import stale


def test_no_card_is_of_other_numbers() -> None:
    names = stale()
    assert not names, f"their numbers changed; run: python -m validation.stamp {' '.join(names)}"


@pytest.mark.parametrize("name", profile_names())
def test_the_card_says_what_was_measured(name: str) -> None:
    profile = load_profile(name)
    assert profile.calibration.made_on == made_on(profile), f"run: python -m validation.stamp {name}"
    assert bool(profile.calibration.made_on.measurements) == (profile.calibration.status == "calibrated")
