"""Reports of 117, 700 and 2,030 ops: seconds to make them, their sizes, and what a reader waits for in a real Chromium.

Processor time is that of the page's main thread, until the charts on the screen are drawn and until all are. Arguments
are other checkouts, each with an environment in ``.venv``, whose pages are measured beside those of this one.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from selenium.webdriver import Chrome

from tests.browser.chromium import ALL_CHARTS, Browser, start

ACTIONS = {
    "sort by time": "document.querySelector('th[data-key=ms] button').click()",
    "sort by name": "document.querySelector('th[data-key=name] button').click()",
    "filter by a word": "const box = document.querySelector('.filters input'); box.value = 'stage3';"
    "box.dispatchEvent(new Event('input', {bubbles: true}))",
    "clear the filter": "document.querySelector('.filters').reset()",
    "choose a block": "const list = document.querySelector('.filters [data-column=block]'); list.selectedIndex = 1;"
    "list.dispatchEvent(new Event('input', {bubbles: true}))",
    "open the whole graph": "document.querySelector('.graph [data-do=open]').click()",
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


MAKE = """
import sys, time
import costsim
from costsim.networks import build
import tests.long_network as long
ops, file = int(sys.argv[1]), sys.argv[2]
long.UNITS = ops // 70
long.long_network.__defaults__ = (long.UNITS,) if long.long_network.__defaults__ else None
analysis = costsim.analyze(build("shufflenet_v2_1x") if ops == 117 else long.long_network(), "arm_a53")
assert len(analysis.layer_records) == ops
start_s = time.process_time()
analysis.to_html(file)
print(time.process_time() - start_s)
"""
"""Runs in any checkout: the long network has 70 ops for each unit of its stages."""

OPS = (117, 700, 2030)


def main() -> None:
    for ops in OPS:
        for checkout in (Path.cwd(), *map(Path, sys.argv[1:])):
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "made.html"
                command = [checkout / ".venv" / "bin" / "python", "-c", MAKE, str(ops), file]
                made = subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True).stdout
                driver = start(Path(folder) / "chromium")
                try:
                    size = file.stat().st_size / 1e6
                    print(f"{ops} ops, {checkout.name}: made in {float(made):.2f} s, {size:.2f} MB")
                    print(f"  {_opened(driver, file.read_text(encoding='utf-8'), folder)}", flush=True)
                    if ops == max(OPS):
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
