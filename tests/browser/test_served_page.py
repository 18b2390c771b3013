"""``costsim serve`` in a real browser: sliders, uploads, a shared address, the keyboard alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

import costsim
from costsim.importers.json import save_network
from costsim.units import format_milliseconds
from tests.browser.chromium import LAPTOP, PHONE, Browser
from tests.random_networks import network as random_network


class Live:
    """The page as somebody uses it."""

    def __init__(self, browser: Browser, address: str, size: tuple[int, int] = LAPTOP) -> None:
        self.browser, self.driver = browser, browser.driver
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE},
        )
        self.driver.get_log("performance"), self.driver.get_log("browser")  # forget earlier pages
        self.driver.get(address)

    def find(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def shows(self, latency_ms: float) -> bool:
        wanted = format_milliseconds(latency_ms)
        WebDriverWait(self.driver, 30).until(
            lambda _: (
                self.driver.execute_script("return document.querySelector('.latency strong')?.textContent") == wanted
            )
        )
        return True

    def requests(self) -> list[str]:
        """Every address asked for since the page was opened."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [
            url
            for m in messages
            if m["method"] == "Network.requestWillBeSent"
            and not (url := m["params"]["request"]["url"]).startswith("data:")
        ]

    def slider(self, label: str) -> WebElement:
        return self.driver.find_element(By.XPATH, f"//p[label='{label}']/input[@type='range']")


def test_a_slider_moves_the_answer_and_the_address(browser, server):
    live = Live(browser, server)
    assert live.shows(costsim.analyze("shufflenet_v2_1x", "rpi4b").latency_ms)
    for _ in range(3):
        live.slider("threads").send_keys(Keys.ARROW_RIGHT)
    four_ms = costsim.analyze("shufflenet_v2_1x", "rpi4b", threads=4).latency_ms
    assert live.shows(four_ms)
    assert "threads=4" in live.driver.current_url
    assert live.find(".command code").text == "costsim analyze shufflenet_v2_1x --hw rpi4b --threads 4"
    live.driver.refresh()
    assert live.shows(four_ms)
    assert live.slider("threads").get_attribute("aria-valuetext") == "4"
    assert browser.console() == []
    asked_for = live.requests()
    assert len(asked_for) > 5
    assert all(address.startswith("http://127.0.0.1:") for address in asked_for)


def test_another_device_brings_its_own_sliders(browser, server):
    live = Live(browser, server)
    Select(live.find("#network")).select_by_visible_text("vargnet_v1_1x")
    assert live.shows(costsim.analyze("vargnet_v1_1x", "rpi4b").latency_ms)
    Select(live.find("#hw")).select_by_visible_text("embedded_buffer")
    assert live.shows(costsim.analyze("vargnet_v1_1x", "embedded_buffer").latency_ms)
    live.slider("onchip size").send_keys(Keys.HOME)
    small = {"hardware.memory.onchip.size": "128 KiB"}
    assert live.shows(costsim.analyze("vargnet_v1_1x", "embedded_buffer", settings=small).latency_ms)
    assert "does not fit" in live.find(".fit").text
    live.find("#sliders button").click()
    assert live.shows(costsim.analyze("vargnet_v1_1x", "embedded_buffer").latency_ms)
    assert browser.console() == []


def test_a_file_is_priced_and_a_bad_one_says_why(browser, server, tmp_path: Path):
    graph = random_network(5)
    save_network(graph, tmp_path / "mine.json")
    (tmp_path / "bad.onnx").write_bytes(b"\0" * 99)
    live = Live(browser, server)
    live.find("#file").send_keys(str(tmp_path / "bad.onnx"))
    WebDriverWait(live.driver, 30).until(lambda _: "bad.onnx" in live.find("#said").text)
    live.find("#file").send_keys(str(tmp_path / "mine.json"))
    assert live.shows(costsim.analyze(graph, "rpi4b").latency_ms)
    assert live.find("#said").text == ""
    assert Select(live.find("#network")).first_selected_option.text == "mine.json"
    live.slider("threads").send_keys(Keys.END)
    assert live.shows(costsim.analyze(graph, "rpi4b", threads=4).latency_ms)


def test_it_fits_a_phone_and_the_dark(browser, server):
    live = Live(browser, server, PHONE)
    assert live.driver.execute_script("return document.documentElement.scrollWidth") <= PHONE[0]
    labels = live.driver.execute_script(
        "return [...document.querySelectorAll('input:not([type=hidden]), select')]"
        ".filter(e => !e.labels.length).map(e => e.name)"
    )
    assert labels == []


def test_the_report_of_the_sliders_opens(browser, server):
    live = Live(browser, server)
    link = live.find("a[href^='/report']").get_attribute("href")
    live.driver.get(link)
    WebDriverWait(live.driver, 60).until(
        lambda _: live.driver.execute_script("return document.documentElement.dataset.drawn")
    )
    assert re.search("shufflenet_v2_1x", live.find("h1").text)
    assert browser.console() == []
