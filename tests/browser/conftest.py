"""One Chromium and one analysis for all tests of this folder."""

from __future__ import annotations

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
