"""The manual is made of the docstrings, and is not behind them."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from costsim.guidelines.base import guideline, guideline_ids, manual, summary
from costsim.guidelines.manual import page

DOCS = Path(__file__).resolve().parents[2] / "docs" / "guidelines.md"


def test_the_manual_is_up_to_date():
    assert DOCS.read_text(encoding="utf-8") == page(), "run 'make docs'"


def test_ids_are_stable():
    assert guideline_ids() == ["F1", "G1", "G2", "G3", "G4", "K1", "M1", "Q1", "V1", "V2", "V3"]


@pytest.mark.parametrize("rule_id", guideline_ids())
def test_every_rule_says_what_it_prices_by(rule_id):
    assert [f for _, f, _, _ in string.Formatter().parse(summary(guideline(rule_id))) if f]
    assert "riced against" in manual(guideline(rule_id))
    assert "{" not in manual(guideline(rule_id))
