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


def test_six_networks_on_five_devices_fit_one_screen_and_are_sorted_and_set_in_relation(browser: Browser) -> None:
    networks = ["shufflenet_v2_1x", "mobilenet_v1_1x", "mobilenet_v2_1x", "resnet18", "alexnet", "squeezenet_1_1"]
    comparison = compare(networks, ["rpi4b", "rpi5", "gtx_1080ti", "kirin_970", "nvdla"])
    driver = browser.open(page(comparison))
    assert driver.execute_script("return document.getElementById('matrix').getBoundingClientRect().bottom") <= LAPTOP[1]
    column = (
        "return [...document.querySelectorAll('#matrix-table tbody tr')].map(row => row.cells[%d].textContent.trim())"
    )
    driver.execute_script("document.querySelectorAll('#matrix-table thead button')[1].click()")
    ordered = sorted(networks, key=lambda name: comparison.analyses[name, "rpi4b"].latency_ms)
    assert driver.execute_script(column % 0) == ordered
    driver.execute_script("document.querySelectorAll('#matrix-table thead button')[1].click()")
    assert driver.execute_script(column % 0) == ordered[::-1]
    driver.execute_script(
        "const choice = document.querySelector('select[name=relative]'); choice.value = 'resnet18';"
        "choice.dispatchEvent(new Event('change', {bubbles: true}))"
    )
    shown = dict(zip(driver.execute_script(column % 0), driver.execute_script(column % 1), strict=True))
    times = {name: comparison.analyses[name, "rpi4b"].latency_ms for name in networks}
    assert shown["resnet18"] == "1"
    assert float(shown["alexnet"].lstrip("~ ")) == pytest.approx(times["alexnet"] / times["resnet18"], abs=0.006)
    assert driver.execute_script(MARKS)["difference0"] == 0
    driver.execute_script(
        "const folded = document.querySelectorAll('#differences details')[1];"
        "folded.open = true; folded.scrollIntoView()"
    )
    driver.execute_async_script(
        "const done = arguments[0]; (function wait() {"
        "document.querySelector('[data-chart=difference0] .role-mark path[d]') ? done() : setTimeout(wait, 20) })()"
    )
    assert browser.console() == []
