"""The graph, the timeline and the one selection that joins them with table and charts, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import costsim
from costsim.analysis import Analysis
from costsim.report.page.html import page as page_of
from tests.browser.chromium import PAGE, PHONE, Browser
from tests.long_network import long_network

SHOWN = "return [...document.querySelectorAll('#ops tbody tr:not([hidden])')].map(tr => Number(tr.dataset.row))"
NODES = "return [...document.querySelectorAll('.graph .node')].map(g => g.node.path ?? g.node.name)"
FRAME = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));"


@pytest.fixture
def page(browser: Browser, analysis: Analysis) -> Browser:
    browser.open(analysis.to_html())
    return browser


def in_graph(page: Browser, path: str) -> None:
    """Click a block or an op of the graph, by path or name."""
    page.driver.execute_script(
        "[...document.querySelectorAll('.graph .node')].find(g => [g.node.path, g.node.name].includes(arguments[0]))"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))",
        path,
    )


def opacities(page: Browser, chart: str, mark: str = "rect") -> dict[int, float]:
    """Row to the least opacity of its marks."""
    marks = page.driver.execute_script(
        f"return [...document.querySelectorAll('[data-chart={chart}] .mark-{mark} path')]"
        ".filter(p => p.__data__?.datum.row !== undefined)"
        ".map(p => [p.__data__.datum.row, Number(p.getAttribute('opacity') ?? 1)])"
    )
    return {row: min(o for other, o in marks if other == row) for row, _ in marks}


def test_blocks_open_and_close_and_a_block_filters_everything(page: Browser, analysis: Analysis) -> None:
    records = analysis.layer_records
    inside = [i for i, r in enumerate(records) if r["block"] == "stage3.unit2"]
    outer = [i for i, r in enumerate(records) if r["block"].startswith("stage3.")]
    assert "stage3.unit2" in page.driver.execute_script(NODES)
    in_graph(page, "stage3")
    assert page.driver.execute_script(SHOWN) == outer
    in_graph(page, "stage3.unit2")
    assert page.driver.execute_script(SHOWN) == inside
    page.driver.execute_async_script(FRAME)
    drawn = opacities(page, "timeline")
    assert {row for row, opacity in drawn.items() if opacity > 0.5} == set(inside)
    page.driver.find_element(By.CSS_SELECTOR, ".graph [data-do=open]").click()
    page.driver.execute_async_script(FRAME)
    assert page.driver.execute_script("return graph.drawn.filter(d => d.node?.op).length") == len(records)
    page.driver.find_element(By.CSS_SELECTOR, ".graph [data-do=close]").click()
    page.driver.execute_async_script(FRAME)
    assert page.driver.execute_script(NODES) == list(dict.fromkeys(r["block"].split(".")[0] for r in records))
    assert page.console() == [] and page.requests() == []


def test_an_op_is_chosen_in_one_place_and_shown_in_all(page: Browser, analysis: Analysis) -> None:
    row = next(i for i, r in enumerate(analysis.layer_records) if r["op_class"] == "depthwise conv")
    record = analysis.layer_records[row]
    page.driver.find_elements(By.CSS_SELECTOR, "#ops button.op")[row].send_keys(Keys.ENTER)
    bar = page.driver.find_element(By.CSS_SELECTOR, ".picked-bar")
    assert bar.is_displayed() and record["name"] in bar.text
    assert ", ".join(record["layers"]) in bar.text
    listed = [line.text for line in bar.find_elements(By.TAG_NAME, "li")]
    assert len(listed) == sum(ms > 0 for ms in record["ceilings_ms"].values())
    assert listed[0].startswith(record["bound"])
    bar.find_element(By.CSS_SELECTOR, "[data-do=graph]").click()
    page.driver.execute_async_script(FRAME)
    assert page.driver.execute_script("return document.querySelector('.graph .picked').node.row") == row
    picked = "return views.roofline.signal('picked')"
    assert page.driver.execute_script(picked) == row
    bar.find_element(By.CSS_SELECTOR, "[data-do=none]").click()
    assert not bar.is_displayed() and page.driver.execute_script(picked) == -1


def test_the_graph_from_the_keyboard(page: Browser, analysis: Analysis) -> None:
    svg = page.driver.find_element(By.CSS_SELECTOR, ".graph svg")
    svg.send_keys(Keys.HOME)
    active = page.driver.switch_to.active_element
    first = analysis.layer_records[0]
    said = page.driver.find_element(By.CSS_SELECTOR, ".graph output").text
    assert said.startswith(first["name"])
    active.send_keys(Keys.ARROW_RIGHT)
    assert analysis.layer_records[1]["name"] in page.driver.find_element(By.CSS_SELECTOR, ".graph output").text
    page.driver.execute_async_script(FRAME)
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert page.driver.execute_script("return table.picked") == 1


def test_the_charts_over_time_zoom_together(browser: Browser) -> None:
    browser.open(costsim.analyze("shufflenet_v2_0.5x", "embedded_buffer").to_html())
    browser.driver.find_element(By.CSS_SELECTOR, ".timetools [data-do=in]").click()
    ranges = "return ['timeline', 'memory', 'offchip'].map(name => String(views[name].signal('zoom_from_ms')))"
    WebDriverWait(browser.driver, 5).until(lambda driver: len(set(driver.execute_script(ranges))) == 1)
    start, end = (float(x) for x in browser.driver.execute_script(ranges)[0].split(","))
    total = browser.driver.execute_script("return total")
    assert end - start == pytest.approx(total / 2)
    lefts = "return ['timeline', 'memory', 'offchip'].map(name => document.querySelector("
    lefts += "`[data-chart=${name}] .mark-group .background`).getBoundingClientRect().left)"
    first, *others = browser.driver.execute_script(lefts)
    assert others == pytest.approx([first] * 2, abs=1.5)
    domain = browser.driver.execute_script("return views.memory.scale('x').domain()")
    assert domain == pytest.approx([start, end])
    assert browser.console() == []


def test_measured_ops_stand_beside_predicted_ones(browser: Browser, tmp_path: Path) -> None:
    named = costsim.analyze("alexnet", "rpi4b").layer_records
    events = [
        {
            "cat": "Node",
            "ph": "X",
            "name": f"{r['name']}_kernel_time",
            "ts": 9 * i,
            "dur": 500 + i,
            "args": {"op_name": r["op"]},
        }
        for i, r in enumerate(named)
    ]
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps(events))
    analysis = costsim.analyze("alexnet", "rpi4b", op_profile=profile)
    driver = browser.open(analysis.to_html())
    drawn = driver.execute_script(
        "return [...document.querySelectorAll('[data-chart=timeline] .mark-rect path')].map(p => p.__data__.datum)"
        ".filter(d => d.lane === 'measured').map(d => [d.row, d.measured_from_ms, d.measured_to_ms])"
    )
    assert [row for row, _, _ in drawn] == list(range(len(named)))
    assert [end - start for _, start, end in drawn] == pytest.approx([0.5 + i / 1e3 for i in range(len(named))])
    assert [start for _, start, _ in drawn][1:] == pytest.approx([end for _, _, end in drawn][:-1])
    assert browser.console() == []


def test_what_is_set_stands_in_the_address(browser: Browser, analysis: Analysis) -> None:
    driver = browser.open(analysis.to_html())
    driver.find_element(By.CSS_SELECTOR, "[data-class='depthwise conv']").click()
    driver.execute_script("themeBox.value = 'dark'; themeBox.dispatchEvent(new Event('input', {bubbles: true}))")
    driver.find_element(By.CSS_SELECTOR, "input[name=ceiling]").click()
    row = driver.execute_script(SHOWN)[1]
    driver.execute_script("table.pick(arguments[0])", row)
    WebDriverWait(driver, 5).until(lambda d: f"op={row}" in d.execute_script("return location.hash"))
    answer = driver.find_element(By.CSS_SELECTOR, "#whatif strong").text
    there = driver.execute_script("return location.hash")
    driver.get("about:blank")
    driver.get((browser.folder / PAGE).as_uri() + there)
    classes = [r["op_class"] for r in analysis.layer_records]
    assert {classes[i] for i in driver.execute_script(SHOWN)} == {"depthwise conv"}
    assert driver.execute_script("return [table.picked, document.documentElement.dataset.theme]") == [row, "dark"]
    assert driver.find_element(By.CSS_SELECTOR, "#whatif strong").text == answer
    assert driver.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"


def test_sliders_look_up_what_was_priced_and_say_the_command(browser: Browser) -> None:
    command = "costsim analyze shufflenet_v2_0.5x --hw rpi4b"
    driver = browser.open(costsim.analyze("shufflenet_v2_0.5x", "rpi4b").to_html(command=f"{command} --html r.html"))
    driver.find_element(By.CSS_SELECTOR, ".turned [name=threads]").send_keys(Keys.END)
    driver.find_element(By.CSS_SELECTOR, ".turned [name=input_size]").send_keys(Keys.HOME)
    smallest = driver.find_element(By.CSS_SELECTOR, ".turned [name=input_size] + output").text
    said = driver.find_element(By.ID, "turned-command").text
    assert said == f"{command} --threads 4 --input-size {smallest}"
    turned = costsim.analyze("shufflenet_v2_0.5x", "rpi4b", threads=4, input_size=smallest)
    answer = driver.find_element(By.CSS_SELECTOR, "#turned strong").text
    assert float(answer.split()[0]) == pytest.approx(turned.latency_ms, rel=5e-3)
    first = max(turned.bound_records, key=lambda record: record["share_ratio"])
    said = driver.find_element(By.ID, "turned-shares").text
    assert said.startswith(f"{first['bound']} {100 * first['share_ratio']:.0f} %")
    WebDriverWait(driver, 5).until(lambda d: "threads=3" in d.execute_script("return location.hash"))
    bars = "return [...document.querySelectorAll('[data-chart=along] .mark-rect path')].length"
    WebDriverWait(driver, 5).until(lambda d: d.execute_script(bars) == 6)
    assert browser.console() == []


def test_two_thousand_ops_stay_smooth(browser: Browser) -> None:
    driver = browser.open(page_of(costsim.analyze(long_network(), "arm_a53"), findings=[]), PHONE)
    driver.execute_script("graph.openAll(true); graph.camera.middle(graph.tree.leaves[1000].box)")
    driver.execute_async_script(FRAME)
    assert driver.execute_script("return graph.drawn.length") > 4000
    assert driver.execute_script("return graph.scene.childElementCount") < 1000
    frames = driver.execute_async_script(
        "const done = arguments[0], times = []; let last = performance.now();"
        "(function step() { const now = performance.now(); times.push(now - last); last = now;"
        " if (times.length > 30) return done(times.slice(1).sort((a, b) => a - b));"
        " graph.camera.shift(0, -15); requestAnimationFrame(step); })()"
    )
    assert frames[3] < 60  # 17 is a screen's own pace; the quick ones, since whatever else runs here slows the others


def test_a_notebook_cell_holds_the_page(browser: Browser) -> None:
    cell = costsim.explore("alexnet", "rpi4b", height=700)
    html = f"<!doctype html><html data-drawn=true><body>{cell._repr_html_()}"
    driver = browser.open(html)
    driver.switch_to.frame(driver.find_element(By.TAG_NAME, "iframe"))
    try:
        WebDriverWait(driver, 30).until(lambda d: d.execute_script("return document.documentElement.dataset.drawn"))
        driver.find_element(By.CSS_SELECTOR, ".turned [name=threads]").send_keys(Keys.END)
        assert "--threads 4" in driver.find_element(By.ID, "turned-command").text
    finally:
        driver.switch_to.default_content()
    assert browser.console() == []
    assert repr(cell).startswith("<Analysis alexnet on rpi4b")
