"""A real headless Chromium. Where there is none the tests fail: they are part of the suite, not an extra."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
    "--hide-scrollbars",
)
MARKS = """return Object.fromEntries([...document.querySelectorAll('[data-chart]')].map(box =>
  [box.dataset.chart, box.querySelectorAll('.role-mark path[d], .role-mark text').length]))"""
"""Script that counts the drawn marks of every chart."""

ALL_CHARTS = """const done = arguments[0]; if (typeof graph !== 'undefined') graph.start();
typeof drawAll === 'undefined' ? done() : drawAll().then(() => done())"""
"""Script that draws what the reader has not come near yet."""

PAGE = "report.html"
LAPTOP, PHONE = (1366, 768), (390, 844)


class Browser:
    """One Chromium and what the pages it opened did."""

    def __init__(self, driver: Chrome, folder: Path) -> None:
        self.driver, self.folder = driver, folder

    def open(self, html: str, size: tuple[int, int] = LAPTOP, whole: bool = True) -> Chrome:
        """Show a page at a screen size until all its charts are drawn, or without ``whole`` those near the screen."""
        path = self.folder / PAGE
        path.write_text(html, encoding="utf-8")
        return self.visit(path.as_uri(), size, whole)

    def visit(self, address: str, size: tuple[int, int], whole: bool = True) -> Chrome:
        """The same for a page that lies somewhere already."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE},
        )
        self.driver.get_log("performance"), self.driver.get_log("browser")  # forget earlier pages
        self.driver.get(address)
        self.driver.execute_async_script(
            "const done = arguments[0];"
            "(function wait() { document.documentElement.dataset.drawn ? done() : setTimeout(wait, 20) })()"
        )
        if whole:
            self.driver.execute_async_script(ALL_CHARTS)
        return self.driver

    def console(self) -> list[str]:
        """What the page wrote to the console since it was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Addresses asked for since the page was opened, the page itself and data in it left out."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        urls = [request["request"]["url"] for request in sent if request["documentURL"].endswith(PAGE)]
        return [url for url in urls if not url.startswith(("data:", "blob:")) and not url.endswith(PAGE)]


def _program(*names: str) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.fail(f"{names[0]} is not installed: apt-get install chromium chromium-driver")


def start(user_data: Path) -> Chrome:
    """A driver that notes what pages log and ask for."""
    options = ChromeOptions()
    options.binary_location = _program("chromium", "chromium-browser", "google-chrome")
    for flag in (*FLAGS, f"--user-data-dir={user_data}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = Chrome(options=options, service=ChromeService(_program("chromedriver")))
    driver.set_script_timeout(30)
    return driver
