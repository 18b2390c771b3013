"""The page of measures of the zoo is made by code, and what is not as a paper says is explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from costsim.plugins import NETWORKS, plugins
from validation import zoo_measures

PAGE = Path(__file__).parents[2] / "docs" / "zoo_measures.md"


@pytest.mark.slow
def test_every_family_has_a_row() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    names = zoo_measures.representatives()
    assert len(names) == len(plugins(NETWORKS))
    assert [line.split("|")[1].strip() for line in lines[-len(names) :]] == names


@pytest.mark.slow
def test_the_page_is_what_the_code_makes() -> None:
    made = zoo_measures.page()
    assert PAGE.read_text(encoding="utf-8") == made, "run 'make docs'"
    assert "not so:  |" not in made
