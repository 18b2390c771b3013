"""Over whole kinds left out of the fits, the stated 90 % intervals hold about 90 % of the measurements."""

from __future__ import annotations

import pytest

from costsim.trust.widening import Ratios, factors
from validation.left_out import LeftOut, outcome
from validation.trust import blind_factors, by_kind, covered, factors_of, widened

CASES = outcome()
KINDS = by_kind(CASES)


def share_inside(cases: list[LeftOut], known: dict[str, Ratios]) -> float:
    return sum(covered(case, widened(case, known)) for case in cases) / len(cases)


def test_the_factors_are_those_of_the_committed_errors() -> None:
    assert factors_of(CASES) == factors()


@pytest.mark.parametrize("kind", [kind for kind, cases in KINDS.items() if len(cases) > 20])
def test_stated_intervals_hold_what_was_left_out(kind: str) -> None:
    assert 0.85 <= share_inside(KINDS[kind], factors()) <= 0.97


def test_what_is_widened_was_not_held_by_the_cards_interval() -> None:
    for kind in ("board", "threads", "ops", "batch"):
        card = [covered(case, Ratios(case.low_ratio, case.high_ratio)) for case in KINDS[kind]]
        assert sum(card) / len(card) < 0.85, kind


@pytest.mark.parametrize("kind", ["board", "threads"])
def test_factors_made_without_a_core_hold_it(kind: str) -> None:
    """Chosen on other cores, looked at once here."""
    without = blind_factors(CASES, lambda case: case.core)
    inside = [covered(case, widened(case, without[case.core])) for case in KINDS[kind]]
    assert 0.85 <= sum(inside) / len(inside) <= 0.97
