"""Pages hold axe-core's rules, in light and in dark. Marks of charts are left out: their tables say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from costsim.analysis import Analysis
from costsim.compare import compare
from costsim.diff import Side, diff
from costsim.report.page import compared_page, diffed_page, reproduced_page, swept_page
from costsim.reproduce.papers import reproduce
from costsim.sweep import load_spec, sweep
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_difference_breaks_no_rule(browser: Browser, analysis: Analysis, scheme: str) -> None:
    side = Side.of(analysis)
    faster = Side(side.network, side.hw, side.run, side.latency_ms, side.layers[:-1])
    assert broken(browser, diffed_page.page([diff(side, faster)]), scheme) == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("networks", [2, 6], ids=["pairs", "matrix"])
def test_the_page_of_a_comparison_breaks_no_rule(browser: Browser, networks: int, scheme: str) -> None:
    names = ["shufflenet_v2_1x", "mobilenet_v2_1x", "resnet18", "alexnet", "squeezenet_1_1", "mobilenet_v1_1x"]
    compared = compare(names[:networks], ["rpi4b", "gtx_1080ti", "nvdla"])
    assert broken(browser, compared_page.page(compared), scheme) == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_a_sweep_and_a_paper_break_no_rule(browser: Browser, tmp_path: Path, scheme: str) -> None:
    spec = load_spec({"network": "alexnet", "hw": "rpi4b", "axes": {"batch": [1, 2, 4]}})
    assert broken(browser, swept_page.page(sweep(spec, tmp_path), spec), scheme) == []
    assert broken(browser, reproduced_page.page(reproduce("shufflenetv2", ())), scheme) == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_served_page_breaks_no_rule(browser: Browser, server: str, scheme: str) -> None:
    browser.driver.get(server)
    assert broken_there(browser, scheme) == []


def test_a_broken_rule_is_found(browser: Browser, analysis: Analysis) -> None:
    side = Side.of(analysis)
    html = diffed_page.page([diff(side, side)]).replace("<main", "<img src='data:,'><main", 1)
    assert "image-alt" in {rule for _, rule, _ in broken(browser, html, "light")}
