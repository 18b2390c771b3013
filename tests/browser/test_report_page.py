"""The report page in a real browser: what it draws, what it answers to, what it asks for."""

from __future__ import annotations

import csv
import io

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import costsim
from costsim.analysis import Analysis
from costsim.graph.layers import Conv2d, Input
from costsim.measures.table import HEADLINES
from costsim.report.page.html import page as page_of
from costsim.report.page.network_graph import NO_BLOCK
from tests.browser.chromium import LAPTOP, MARKS, PHONE, Browser
from tests.long_network import long_network

SHOWN = "return [...document.querySelectorAll('#ops tbody tr:not([hidden])')].map(tr => Number(tr.dataset.row))"


@pytest.fixture
def page(browser: Browser, analysis: Analysis) -> Browser:
    browser.open(analysis.to_html())
    return browser


def shown(page: Browser) -> list[int]:
    return page.driver.execute_script(SHOWN)


def test_every_chart_has_marks(page: Browser, analysis: Analysis) -> None:
    marks = page.driver.execute_script(MARKS)
    assert set(marks) >= {"roofline", "classes", "limits", "stages", "blocks", "measures", "memory", "whatif"}
    assert marks["roofline"] >= len(analysis.layer_records)
    assert marks["classes"] >= len(analysis.class_records)
    assert marks["limits"] >= len(analysis.bound_records)
    assert marks["blocks"] >= len(analysis.block_records)
    assert min(marks.values()) > 0


def test_nothing_is_fetched_and_the_console_is_silent(page: Browser) -> None:
    assert page.requests() == []
    assert page.console() == []


def test_sorting_by_time(page: Browser, analysis: Analysis) -> None:
    header = page.driver.find_element(By.CSS_SELECTOR, "th[data-key=ms] button")
    times = [r["latency_ms"] for r in analysis.layer_records]
    header.click()
    assert [times[row] for row in shown(page)] == sorted(times, reverse=True)
    assert page.driver.find_element(By.CSS_SELECTOR, "th[data-key=ms]").get_attribute("aria-sort") == "descending"
    header.click()
    assert [times[row] for row in shown(page)] == sorted(times)


def test_sorting_by_name_counts_numbers(page: Browser) -> None:
    page.driver.find_element(By.CSS_SELECTOR, "th[data-key=name] button").click()
    names = page.driver.execute_script(
        "return [...document.querySelectorAll('#ops tbody th')].map(th => th.textContent)"
    )
    assert names.index("stage2.unit2.conv_1") < names.index("stage3.unit1.conv_1")
    assert names[0].startswith("classifier")


def test_search_and_select_filter_the_table(page: Browser, analysis: Analysis) -> None:
    records = analysis.layer_records
    page.driver.find_element(By.ID, "find").send_keys("stage3 depthwise")
    expected = [
        i for i, r in enumerate(records) if r["block"].startswith("stage3") and r["op_class"] == "depthwise conv"
    ]
    assert shown(page) == expected and expected
    assert f"{len(expected)} of {len(records)} ops" in page.driver.find_element(By.ID, "shown").text
    page.driver.find_element(By.CSS_SELECTOR, ".filters button[type=reset]").click()
    page.driver.find_element(By.CSS_SELECTOR, "[data-class='pooling']").click()
    assert shown(page) == [i for i, r in enumerate(records) if r["op_class"] == "pooling"]


def test_the_table_is_saved_as_it_is_shown(page: Browser, analysis: Analysis) -> None:
    page.driver.find_element(By.CSS_SELECTOR, "[data-class='pooling']").click()
    page.driver.find_element(By.CSS_SELECTOR, "th[data-key=ms] button").click()
    rows = list(csv.DictReader(io.StringIO(page.driver.execute_script("return table.csv()"))))
    pooled = sorted((r for r in analysis.layer_records if r["op_class"] == "pooling"), key=lambda r: -r["latency_ms"])
    assert [row["name"] for row in rows] == [r["name"] for r in pooled]
    assert [float(row["ms"]) for row in rows] == [r["latency_ms"] for r in pooled]
    page.driver.find_element(By.ID, "save").click()
    assert page.console() == []


def test_clicking_a_block_filters_the_table(page: Browser, analysis: Analysis) -> None:
    page.driver.execute_script(
        "document.querySelector('[data-chart=blocks] .mark-rect path')"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    first = analysis.block_records[0]["block"]
    assert shown(page) == [i for i, r in enumerate(analysis.layer_records) if r["block"] == first]


@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_the_page_is_never_wider_than_the_screen(browser: Browser, analysis: Analysis, size: tuple[int, int]) -> None:
    driver = browser.open(analysis.to_html(), size)
    assert driver.execute_script("return document.documentElement.scrollWidth") <= size[0]


def test_what_if_switches_change_the_number(page: Browser, analysis: Analysis) -> None:
    def answer() -> str:
        return page.driver.find_element(By.CSS_SELECTOR, "#whatif strong").text

    costs, before = analysis.simulation.costs, answer()
    limit = page.driver.find_element(By.CSS_SELECTOR, "input[name=ceiling]")
    name = limit.find_element(By.XPATH, "..").text
    limit.click()
    assert float(answer().split()[0]) == pytest.approx(costs.without({name}).sum() * 1e3, rel=1e-3)
    page.driver.find_element(By.XPATH, "//label[contains(., '4 threads')]/input").click()
    threads = costsim.analyze("shufflenet_v2_1x", "arm_a53", threads=4).simulation.costs
    assert float(answer().split()[0]) == pytest.approx(threads.without({name}).sum() * 1e3, rel=1e-3)
    page.driver.find_element(By.CSS_SELECTOR, ".whatif button[type=reset]").click()
    WebDriverWait(page.driver, 5).until(lambda _: answer() == before)


def test_the_table_is_sorted_from_the_keyboard(page: Browser, analysis: Analysis) -> None:
    page.driver.find_element(By.CSS_SELECTOR, "th[data-key=macs] button").send_keys(Keys.ENTER)
    macs = [r["macs"] for r in analysis.layer_records]
    assert [macs[row] for row in shown(page)] == sorted(macs, reverse=True)


def test_dark_mode_draws_the_charts_again(page: Browser) -> None:
    colour = "return getComputedStyle(document.querySelector('[data-chart=classes] .role-axis-label text')).fill"
    light = page.driver.execute_script(colour)
    dark_scheme = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", dark_scheme)
    try:
        WebDriverWait(page.driver, 10).until(lambda driver: driver.execute_script(colour) != light)
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


DRAWN = "return Object.keys(views)"


def test_a_chart_is_drawn_when_the_reader_comes_near(browser: Browser, analysis: Analysis) -> None:
    driver = browser.open(analysis.to_html(), whole=False)
    assert "classes" in driver.execute_script(DRAWN)
    assert not {"memory", "timeline", "whatif"} & set(driver.execute_script(DRAWN))
    row = driver.execute_script("table.pick(arguments[0]); return table.picked", 7)
    height = driver.execute_script("return document.getElementById('memory').offsetHeight")
    driver.execute_script("document.getElementById('memory').scrollIntoView()")
    WebDriverWait(driver, 10).until(lambda d: {"memory", "timeline"} <= set(d.execute_script(DRAWN)))
    assert driver.execute_script("return views.memory.signal('picked')") == row
    assert driver.execute_script("return document.getElementById('memory').offsetHeight") == pytest.approx(
        height, rel=0.1
    )
    assert browser.console() == []


def test_every_chart_is_printed(browser: Browser, analysis: Analysis) -> None:
    driver = browser.open(analysis.to_html(), whole=False)
    driver.execute_script(
        "matchMedia('print').addEventListener('change', ({matches}) => { if (matches) window.printed = "
        "[...document.querySelectorAll('[data-chart]')].filter(box => !box.querySelector('.role-mark path')).length })"
    )
    driver.execute_cdp_cmd("Page.printToPDF", {})
    assert driver.execute_script("return window.printed") == 0


HOSTILE = ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "größe  ‮מודל‬ 网络", ""]


def test_the_memory_level_chosen_outlives_a_redraw(browser: Browser) -> None:
    browser.open(costsim.analyze("shufflenet_v2_0.5x", "embedded_buffer").to_html())
    chosen = browser.driver.execute_async_script(
        "const done = arguments[0], radio = [...document.querySelectorAll('input[name=level]')].at(-1);"
        "radio.click();"
        "const level = () => views.roofline.signal('level');"
        "const before = level();"
        "drawWhenNear(); drawAll().then(() => done([radio.value, before, level()]))"
    )
    assert chosen[0] == chosen[1] == chosen[2] != "dram"
    assert browser.console() == []


def test_hostile_names_are_only_names(browser: Browser) -> None:
    graph = costsim.LayerGraph(HOSTILE[0])
    last = graph.add(Input((1, 3, 8, 8)), name="input").name
    for index, name in enumerate(HOSTILE):
        last = graph.add(Conv2d(4, (1, 1)), last, name=f"{name} {index}", block=name).name
    driver = browser.open(costsim.analyze(graph, "arm_a53").to_html())
    for mark in driver.find_elements(By.CSS_SELECTOR, "[data-chart=blocks] .mark-rect path"):
        ActionChains(driver).move_to_element(mark).perform()
        WebDriverWait(driver, 5).until(
            lambda _: "visible" in driver.find_element(By.ID, "vg-tooltip-element").get_attribute("class")
        )
    assert driver.find_elements(By.TAG_NAME, "img") == []
    assert browser.console() == [] and browser.requests() == []
    drawn = driver.execute_script(
        "return graph.tree.root.parts.map(part => [part.path ?? '', part.element.textContent])"
    )
    assert [path for path, _ in drawn] == HOSTILE
    assert all(path[:8] in text for path, text in drawn)


def test_a_long_table_is_sorted_as_a_whole_and_shown_in_part(browser: Browser) -> None:
    analysis = costsim.analyze(long_network(), "arm_a53")
    driver = browser.open(page_of(analysis, findings=[]))
    macs = [r["macs"] for r in analysis.layer_records]
    driver.find_element(By.CSS_SELECTOR, "th[data-key=macs] button").click()
    first = shown(browser)
    assert [macs[row] for row in first] == sorted(macs, reverse=True)[: len(first)]
    assert 0 < len(first) < len(macs)
    driver.find_element(By.ID, "more").click()
    assert [macs[row] for row in shown(browser)] == sorted(macs, reverse=True)
    assert min(driver.execute_script(MARKS).values()) > 0
    assert browser.console() == []


CELL = """const cells = [...document.querySelectorAll('[data-chart=measures] .mark-rect path')];
return cells.map(cell => [cell.__data__.datum.block, cell.__data__.datum.measure, getComputedStyle(cell).opacity])"""


def test_the_strip_has_a_cell_a_block_and_measure(page: Browser, analysis: Analysis) -> None:
    cells = page.driver.execute_script(CELL)
    assert {block for block, _, _ in cells} >= {record["block"] for record in analysis.block_records} - {""}
    spoken = sum(own[name] is not None for own in analysis.block_measures.values() for name in HEADLINES)
    assert len(cells) == spoken + len(analysis.block_records)


def test_a_cell_of_the_strip_chooses_its_block_everywhere(page: Browser, analysis: Analysis) -> None:
    block = page.driver.execute_script(CELL)[5][0]
    page.driver.execute_script(
        "document.querySelectorAll('[data-chart=measures] .mark-rect path')[5]"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    assert shown(page) == [i for i, r in enumerate(analysis.layer_records) if (r["block"] or NO_BLOCK) == block]
    WebDriverWait(page.driver, 5).until(
        lambda driver: all((own == block) == (float(opacity) == 1) for own, _, opacity in driver.execute_script(CELL))
    )
    page.driver.find_element(By.CSS_SELECTOR, ".filters button[type=reset]").click()
    WebDriverWait(page.driver, 5).until(
        lambda driver: all(float(opacity) == 1 for _, _, opacity in driver.execute_script(CELL))
    )
