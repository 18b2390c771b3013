"""The papers and an analysis of each family as pages: ``python -m costsim.report.write_reports FOLDER``.

A page by itself holds its libraries, most of its size. Pages of one folder share them in a file beside them, and an
index lists every page that lies there, those of sweeps that other scripts wrote as well.
"""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from pathlib import Path

from costsim.api import analyze
from costsim.files import make_folder, write_text
from costsim.report.page.html import CHARTS, LAYOUT, environment, vendored
from costsim.report.page.reproduced_page import page
from costsim.report.verbs.reproduced import text
from costsim.reproduce.papers import PAPERS, reproduce
from costsim.version import VERSION

WIDTH = 120

ANALYSES = (
    ("shufflenet_v2_1x", "rpi4b"),
    ("resnet50", "gtx_1080ti"),
    ("yolov8n", "ethos_u55_256"),
    ("mlperf_tiny_resnet8", "stm32h743"),
)
"""A network on a device of every family."""

INDEX = "index.html"
SHARED = "libraries.js"
_INLINE = re.compile(r'<script type="application/gzip" id="libraries">.*?</script>', re.DOTALL)
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
INLINE_ONLY, WITH_FILES = "script-src 'unsafe-inline'", "script-src 'self' file: 'unsafe-inline'"


def write_reports(folder: Path) -> None:
    """One text, one JSON file and one page a paper; a page an analysis; the index."""
    make_folder(folder)
    for name in PAPERS:
        paper = reproduce(name)
        write_text(folder / f"{name}.txt", "\n".join(line.rstrip() for line in text(paper, WIDTH).splitlines()) + "\n")
        write_text(folder / f"{name}.json", json.dumps(paper.record(), indent=1, allow_nan=False) + "\n")
        write_text(folder / f"{name}.html", page(paper, f"costsim reproduce {name}"))
    for network, hw in ANALYSES:
        command = f"costsim analyze {network} --hw {hw} --html report.html"
        write_text(folder / f"{network}_on_{hw}.html", analyze(network, hw).to_html(command=command))
    gather(folder)


def gather(folder: Path) -> None:
    """Take the libraries out of the folder's pages into a file beside them, and list the pages in an index."""
    found: list[tuple[str, str, str]] = []
    for path in sorted(folder.glob("*.html")):
        if path.name != INDEX:
            html = _shared(path.read_text(encoding="utf-8"))
            write_text(path, html)
            title = _TITLE.search(html)
            table = path.with_suffix(".txt")
            found.append(
                (path.name, unescape(title[1]).strip() if title else path.stem, table.name if table.exists() else "")
            )
    write_text(folder / SHARED, "\n".join(vendored(name) for name in (*CHARTS, LAYOUT)))
    index = (
        environment()
        .get_template(INDEX)
        .render(pages=found, version=VERSION, payload={}, scripts=(), command="", libraries=())
    )
    write_text(folder / INDEX, index)


def _shared(html: str) -> str:
    """The page with its libraries asked for by name; one that does so already is left as it is."""
    html, count = _INLINE.subn(f'<script src="{SHARED}"></script>', html)
    return html.replace(INLINE_ONLY, WITH_FILES, 1) if count else html


if __name__ == "__main__":
    write_reports(Path(sys.argv[1]))
