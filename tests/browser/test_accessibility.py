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
    """Rules that the page breaks, how gravely, and where first."""
    browser.open(html)
    return broken_there(browser, scheme)


def broken_there(browser: Browser, scheme: str) -> list[list[str]]:
    """The same of the page that is open."""
    driver = browser.driver
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


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_served_page_breaks_no_rule(browser: Browser, server: str, scheme: str) -> None:
    browser.driver.get(server)
    assert broken_there(browser, scheme) == []


def test_a_broken_rule_is_found(browser: Browser, analysis: Analysis) -> None:
    side = Side.of(analysis)
    html = diffed_page.page([diff(side, side)]).replace("<main", "<img src='data:,'><main", 1)
    assert "image-alt" in {rule for _, rule, _ in broken(browser, html, "light")}
