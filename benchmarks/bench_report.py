"""The report of a 2,000-op network: seconds to make it, its size, and what a reader waits for in a real Chromium."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import costsim
from tests.browser.chromium import Browser, start
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


def main() -> None:
    analysis = costsim.analyze(long_network(), "arm_a53")
    ops = len(analysis.layer_records)
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    html = analysis.to_html()
    wall_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    print(
        f"{ops} ops: page made in {wall_s:.2f} s ({cpu_s:.2f} s of processor time), {len(html.encode()) / 1e6:.2f} MB"
    )
    with tempfile.TemporaryDirectory() as folder:
        driver = start(Path(folder) / "chromium")
        try:
            start_s = time.perf_counter()
            Browser(driver, Path(folder)).open(html)
            print(f"{'open and draw':<20}{(time.perf_counter() - start_s) * 1e3:8.0f} ms")
            print(f"{'longest pause in it':<20}{driver.execute_async_script(LONGEST_TASK):8.0f} ms")
            for name, action in ACTIONS.items():
                print(f"{name:<20}{driver.execute_async_script(UNTIL_PAINTED % action):8.0f} ms")
        finally:
            driver.quit()


if __name__ == "__main__":
    main()
