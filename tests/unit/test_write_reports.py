"""A folder of pages: libraries once, an index of all, nothing changed by doing it again."""

from __future__ import annotations

from pathlib import Path

import costsim
from costsim.report.page.html import CHARTS, LAYOUT, vendored
from costsim.report.write_reports import INDEX, SHARED, gather


def test_pages_of_a_folder_share_their_libraries(tmp_path: Path) -> None:
    whole = costsim.analyze("alexnet", "rpi4b").to_html()
    (tmp_path / "a.html").write_text(whole, encoding="utf-8")
    (tmp_path / "<b>.html").write_text("<title>two &amp; three</title>", encoding="utf-8")
    gather(tmp_path)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert len(page) < len(whole) / 3
    assert f'<script src="{SHARED}"></script>' in page and "script-src 'self' file:" in page
    libraries = (tmp_path / SHARED).read_text(encoding="utf-8")
    assert all(vendored(name) in libraries for name in (*CHARTS, LAYOUT))
    index = (tmp_path / INDEX).read_text(encoding="utf-8")
    assert '<a href="a.html">' in index and "&lt;b&gt;.html" in index and "two &amp; three" in index
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    gather(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
