"""The pages of sweeps and reproduced papers in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from costsim.report.page import reproduced_page, swept_page
from costsim.reproduce.papers import reproduce
from costsim.sweep import load_spec, sweep
from tests.browser.chromium import LAPTOP, MARKS, PHONE, Browser


def check(browser: Browser, html: str, size: tuple[int, int]) -> None:
    driver = browser.open(html, size)
    marks = driver.execute_script(MARKS)
    assert marks and min(marks.values()) > 0, marks
    assert driver.execute_script("return document.documentElement.scrollWidth") <= size[0]
    assert browser.requests() == [] and browser.console() == []


@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_a_sweep(browser: Browser, tmp_path: Path, size: tuple[int, int]) -> None:
    spec = load_spec(
        {
            "network": ["shufflenet_v2_0.5x", "mobilenet_v1_0.25x"],
            "hw": "embedded_buffer",
            "axes": {"input_size": [96, 128, 160]},
            "objectives": {"latency_ms": "min", "macs": "max"},
        }
    )
    check(browser, swept_page.page(sweep(spec, tmp_path), spec), size)


@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_a_paper(browser: Browser, size: tuple[int, int]) -> None:
    check(browser, reproduced_page.page(reproduce("shufflenetv2", ())), size)
