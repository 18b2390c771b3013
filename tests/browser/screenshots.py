"""Screenshots of every kind of report page for the documentation: ``python -m tests.browser.screenshots [NAME...]``."""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image

import costsim
from costsim.compare import compare
from costsim.diff import Side, diff
from costsim.guidelines import check
from costsim.guidelines.assertion import judge
from costsim.limits import parse_assertion
from costsim.report.page import compared_page, diffed_page, reproduced_page, swept_page
from costsim.report.page.html import page
from costsim.reproduce.papers import reproduce
from costsim.sweep import load_spec, sweep
from tests.browser.chromium import LAPTOP, PHONE, Browser, start

FOLDER = Path(__file__).parents[2] / "docs" / "images"
COLOURS = 128
"""Flat charts need no more, and the files are a quarter of the size."""

SWEEP = {
    "network": ["mobilenet_v1_1x", "vargnet_v1_1x", "shufflenet_v2_1x"],
    "hw": "embedded_buffer",
    "axes": {
        "input_size": [128, 160, 192, 224],
        "hardware.memory.onchip.size": "128 KiB .. 4 MiB log2",
        "hardware.memory.dram.bandwidth": "1 GB/s .. 8 GB/s x 4",
    },
    "objectives": {"latency_ms": "min", "macs": "max"},
}


def _analyze(network: str, hw: str) -> Callable[[], str]:
    return lambda: page(costsim.analyze(network, hw), f"costsim analyze {network} --hw {hw} --html report.html")


def _check() -> str:
    analysis = costsim.analyze("shufflenet_v1_g8_1x", "arm_a53")
    findings = check(analysis.simulation)
    verdict = judge(parse_assertion("latency_ms < 50"), analysis.summary, analysis.unknown, findings, places=())
    return page(analysis, "costsim check shufflenet_v1_g8_1x --hw arm_a53", findings, [verdict])


def _diff() -> str:
    sides = [Side.of(costsim.analyze(network, "rpi4b")) for network in ("shufflenet_v2_1x", "shufflenet_v2_1.5x")]
    return diffed_page.page([diff(*sides)])


def _compare() -> str:
    networks = ["shufflenet_v2_1x", "mobilenet_v2_1x", "vargnet_v1_1x"]
    return compared_page.page(compare(networks, ["arm_a53", "gtx_1080ti"]))


def _sweep() -> str:
    spec = load_spec(SWEEP)
    with tempfile.TemporaryDirectory() as folder:
        return swept_page.page(sweep(spec, folder), spec)


# name: what makes the page, and the part of it that is shown ("" is the top)
PAGES: dict[str, tuple[Callable[[], str], str]] = {
    "analyze-cpu": (_analyze("shufflenet_v2_1x", "arm_a53"), ""),
    "analyze-gpu": (_analyze("resnet50", "gtx_1080ti"), "#roofline"),
    "graph": (_analyze("yolov8n", "ethos_u55_256"), "#blocks"),
    "timeline": (_analyze("mobilenet_v2_1x", "embedded_buffer"), "#memory"),
    "sliders": (_analyze("shufflenet_v2_1x", "rpi4b"), "#whatif-section"),
    "diff": (_diff, ""),
    "check": (_check, "#findings"),
    "compare": (_compare, ""),
    "sweep": (_sweep, ""),
    "reproduce": (lambda: reproduced_page.page(reproduce("shufflenetv2", ())), "#tables"),
}


def main(wanted: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        driver = start(Path(folder) / "chromium")
        try:
            browser = Browser(driver, Path(folder))
            for name, (make, part) in PAGES.items():
                if wanted and name not in wanted:
                    continue
                html = make()
                for suffix, (width, height) in (("", LAPTOP), ("-phone", PHONE)):
                    browser.open(html, (width, height))
                    _save(browser, part, width, height + (232 if not suffix else 0), FOLDER / f"{name}{suffix}.png")
        finally:
            driver.quit()


def _save(browser: Browser, part: str, width: int, height: int, path: Path) -> None:
    """The page from the top of one of its sections on."""
    script = "const at = document.querySelector(arguments[0]); return at ? at.getBoundingClientRect().top + scrollY : 0"
    top = browser.driver.execute_script(script, part) if part else 0
    clip = {"x": 0, "y": top, "width": width, "height": height, "scale": 1}
    shot = browser.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    picture = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
