"""Pages hold axe-core's rules, in light and in dark. Marks of charts are left out: their tables say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from costsim.analysis import Analysis
from costsim.diff import Side, diff
from costsim.report.page import diffed_page
from tests.browser.chromium import Browser

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
LEFT_OUT = [".plot svg", "#ops tbody tr:nth-child(n+4)", "#provenance tr:nth-child(n+4)"]
"""Marks of charts, and rows like the first three."""

FOUND = """const [leftOut, done] = arguments;
axe.run({exclude: leftOut.map(css => [css])}, {resultTypes: ['violations']}).then(({violations}) =>
  done(violations.map(({impact, id, nodes}) => [impact, id, nodes[0].target.join(' ')])))"""


def broken(browser: Browser, html: str, scheme: str) -> list[list[str]]:
    """Rules that are broken, how gravely, and where first."""
    driver = browser.open(html)
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    driver.set_script_timeout(240)
    try:
        driver.execute_script(AXE.read_text(encoding="utf-8"))
        return driver.execute_async_script(FOUND, LEFT_OUT)
    finally:
        driver.set_script_timeout(30)
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_breaks_no_rule(browser: Browser, analysis: Analysis, scheme: str) -> None:
    assert broken(browser, analysis.to_html(), scheme) == []


def test_the_page_of_a_difference_breaks_no_rule(browser: Browser, analysis: Analysis) -> None:
    side = Side.of(analysis)
    faster = Side(side.network, side.hw, side.run, side.latency_ms, side.layers[:-1])
    assert broken(browser, diffed_page.page([diff(side, faster)]), "light") == []


def test_a_broken_rule_is_found(browser: Browser, analysis: Analysis) -> None:
    side = Side.of(analysis)
    html = diffed_page.page([diff(side, side)]).replace("<main", "<img src='data:,'><main", 1)
    assert "image-alt" in {rule for _, rule, _ in broken(browser, html, "light")}
