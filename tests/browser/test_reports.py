"""Every page under reports/ opens from its folder, draws its charts and asks nobody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from tests.browser.chromium import LAPTOP, MARKS, Browser

REPORTS = Path(__file__).parents[2] / "reports"
INDEX = REPORTS / "index.html"
PAGES = sorted(path.name for path in REPORTS.glob("*.html") if path != INDEX)


def test_the_index_lists_every_page() -> None:
    listed = re.findall(r'<li><a href="([^"]+)">', INDEX.read_text(encoding="utf-8"))
    assert sorted(listed) == PAGES and len(PAGES) >= 8


@pytest.mark.parametrize("name", [PAGES[0], *(pytest.param(page, marks=pytest.mark.slow) for page in PAGES[1:])])
def test_a_page_opens_from_its_folder(browser: Browser, name: str) -> None:
    driver = browser.visit((REPORTS / name).as_uri(), LAPTOP)
    marks = driver.execute_script(MARKS)
    assert min(marks.values(), default=1) > 0
    assert marks or driver.find_elements(By.TAG_NAME, "table")
    assert browser.console() == []
    loaded = driver.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [url for url in loaded if not url.startswith(("file:", "data:", "blob:"))] == []
