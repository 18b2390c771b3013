"""The comparison page in a real browser."""

from __future__ import annotations

import pytest

from costsim.compare import compare
from costsim.report.page.compared_page import page
from tests.browser.chromium import LAPTOP, MARKS, PHONE, Browser


@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_charts_have_marks_and_nothing_is_fetched(browser: Browser, size: tuple[int, int]) -> None:
    comparison = compare(["alexnet", "mobilenet_v2_1x", "shufflenet_v2_1x"], ["arm_a53", "rpi4b"])
    driver = browser.open(page(comparison), size)
    marks = driver.execute_script(MARKS)
    assert marks["latencies"] >= 2 * len(comparison.analyses)
    assert marks["shares"] >= sum(len(a.class_records) for a in comparison.analyses.values())
    assert marks["difference0"] > 0
    assert marks["macs"] >= len(comparison.analyses)
    assert driver.execute_script("return document.documentElement.scrollWidth") <= size[0]
    assert browser.requests() == [] and browser.console() == []


def test_parts_stand_in_the_order_of_the_network(browser: Browser) -> None:
    comparison = compare(["shufflenet_v2_1x", "mobilenet_v2_1x"], ["arm_a53"])
    driver = browser.open(page(comparison))
    drawn = driver.execute_script(
        "const labels = document.querySelectorAll('[data-chart=difference0] .role-axis-label text');"
        "return [...labels].map(label => label.textContent)"
    )
    parts = list(comparison.differences[0].parts)
    assert [text for text in drawn if text in parts] == parts
