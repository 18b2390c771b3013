"""The documentation site: its commands run, its made pages are whole, its build asks nobody and has no dead links."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

import costsim
from tests.site_hooks import site_hooks

ROOT = Path(__file__).parents[2]
QUICK = ("index.md", "model.md", "tutorials/search.md")
PAGES = sorted(
    str(page.relative_to(ROOT / "docs"))
    for page in (ROOT / "docs").rglob("*.md")
    if re.search(r"^```((console|python) run|figure)", page.read_text(encoding="utf-8"), re.MULTILINE)
)


@pytest.fixture(scope="module")
def site() -> ModuleType:
    return site_hooks()


@pytest.mark.parametrize("page", [p if p in QUICK else pytest.param(p, marks=pytest.mark.slow) for p in PAGES])
def test_every_command_ends_as_its_page_says(site: ModuleType, page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    quoted = site.quoted(text, page)
    commands = re.findall(r"^\$ .+$", text, re.MULTILINE)
    assert all(command in quoted for command in commands)
    assert not re.search(r"^```((console|python) run|figure)", quoted, re.MULTILINE)
    assert not commands or len(quoted.splitlines()) > len(text.splitlines())


def test_a_command_that_fails_fails_the_page(site: ModuleType) -> None:
    with pytest.raises(site.CommandFailedError, match="no_such_network"):
        site.quoted("```console run\n$ costsim analyze no_such_network --hw rpi4b\n```", "page.md")


def test_made_pages_name_what_there_is(site: ModuleType) -> None:
    assert all(f"::: {site._home(name)}" in site.python_page() for name in costsim.__all__ if not name.startswith("_"))
    keys = site.json_page()
    assert all(f"`{key}`" in keys for key in ("totals.latency_ms", "layers[].ceilings_ms.*", "trust.reasons"))
    assert "| `totals.fits` | null, true or false |" in keys
    profiles = site.profiles_page()
    assert all(f"\n## {family}\n" in profiles for family in ("accelerator", "cpu", "gpu", "mcu"))


def test_the_gallery_has_a_picture_a_network(site: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "PICTURED", ("alexnet", "shufflenet_v2_0.5x"))
    pictures = re.findall(r"<svg .*?</svg>", site.gallery_page())
    assert len(pictures) == 2
    for picture, network in zip(pictures, site.PICTURED, strict=True):
        ops = costsim.analyze(network, site.PICTURED_ON).layer_records
        boxes = [
            (float(x), float(width)) for x, width in re.findall(r'x="([\d.]+)" y="[^"]*" width="([\d.]+)"', picture)
        ]
        assert len(boxes) == len(ops)
        assert boxes[-1][0] + boxes[-1][1] == pytest.approx(640, abs=0.5 + 0.1 * len(ops))
        assert f'aria-label="{network} on' in picture


class Links(HTMLParser):
    """Addresses and anchors of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in ("script", "img", "link", "iframe") and given.get("rel") != "canonical":
            self.asked += [given[name] for name in ("src", "href") if name in given]


@pytest.mark.slow
def test_the_site_is_built_whole_and_asks_nobody(tmp_path: Path) -> None:
    pytest.importorskip("mkdocstrings", reason="the extra [docs] is not installed")
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=900)
    pages = {page: Links(page) for page in tmp_path.rglob("*.html")}
    assert len(pages) > 30
    outside = re.compile(r"^(https?:)?//")
    assert [asked for page in pages.values() for asked in page.asked if outside.match(asked)] == []
    dead = []
    for page, found in pages.items():
        for link in [*found.links, *found.asked]:
            if outside.match(link) or link.startswith(("mailto:", "data:", "javascript:")) or page.name == "404.html":
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path.partition("?")[0]).resolve() if path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].anchors):
                dead.append((page.name, link))
    assert dead == []
