"""One Chromium, one analysis and one server for all tests of this folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

import costsim
from costsim.analysis import Analysis
from tests.browser.chromium import Browser, start


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    driver = start(tmp_path_factory.mktemp("chromium"))
    yield Browser(driver, tmp_path_factory.mktemp("pages"))
    driver.quit()


@pytest.fixture(scope="session")
def analysis() -> Analysis:
    return costsim.analyze("shufflenet_v2_1x", "arm_a53")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address a real server printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "costsim", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        yield process.stdout.readline().strip()
    process.terminate()
    assert process.wait(timeout=20) is not None
