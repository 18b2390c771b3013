"""Reports of 117, 700 and 2,030 ops: seconds to make them, their sizes, and what a reader waits for in a real Chromium.

Processor time is that of the page's main thread, until the charts on the screen are drawn and until all are.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from selenium.webdriver import Chrome

import costsim
from costsim.networks import build
from tests.browser.chromium import ALL_CHARTS, Browser, start
from tests.long_network import long_network

ACTIONS = {
    "sort by time": "document.querySelector('th[data-key=ms] button').click()",
    "sort by name": "document.querySelector('th[data-key=name] button').click()",
    "filter by a word": "const box = document.querySelector('.filters input'); box.value = 'stage3';"
    "box.dispatchEvent(new Event('input', {bubbles: true}))",
    "clear the filter": "document.querySelector('.filters').reset()",
    "choose a block": "document.querySelector('[data-block]').click()",
    "switch a what-if": "document.querySelector('input[name=ceiling]').click()",
}
UNTIL_PAINTED = """
const done = arguments[0], start = performance.now();
%s;
requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
"""
LONGEST_TASK = """
const done = arguments[0];
new PerformanceObserver((list) => done(Math.max(...list.getEntries().map((task) => task.duration))))
  .observe({type: 'longtask', buffered: true});
setTimeout(() => done(0), 1000);  // none: nothing took longer than 50 ms
"""


NETWORKS = {117: lambda: build("shufflenet_v2_1x"), 700: lambda: long_network(10), 2030: long_network}
HARDWARE = "arm_a53"


def main() -> None:
    for ops, make in NETWORKS.items():
        analysis = costsim.analyze(make(), HARDWARE)
        assert len(analysis.layer_records) == ops
        start_s = time.process_time()
        html = analysis.to_html()
        made_s = time.process_time() - start_s
        with tempfile.TemporaryDirectory() as folder:
            driver = start(Path(folder) / "chromium")
            try:
                print(f"{ops} ops: made in {made_s:.2f} s, {len(html.encode()) / 1e6:.2f} MB")
                print(f"  {_opened(driver, html, folder)}")
                if ops == max(NETWORKS):
                    for name, action in ACTIONS.items():
                        print(f"  {name:<20}{driver.execute_async_script(UNTIL_PAINTED % action):8.0f} ms")
            finally:
                driver.quit()


def _opened(driver: Chrome, html: str, folder: str) -> str:
    driver.execute_cdp_cmd("Performance.enable", {})
    browser = Browser(driver, Path(folder))
    start_s = time.perf_counter()
    browser.open(html, whole=False)
    opened_s, first_s = time.perf_counter() - start_s, _main_thread_s(driver)
    pause_ms = driver.execute_async_script(LONGEST_TASK)
    driver.execute_async_script(ALL_CHARTS)
    return (
        f"opens in {opened_s:.2f} s, {first_s:.2f} s of processor time, longest pause {pause_ms:.0f} ms; "
        f"{_main_thread_s(driver):.2f} s with every chart"
    )


def _main_thread_s(driver: Chrome) -> float:
    metrics = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


if __name__ == "__main__":
    main()
