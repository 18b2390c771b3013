"""All reproduced papers as text, JSON and pages: ``python -m costsim.report.write_reports FOLDER``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from costsim.files import write_text
from costsim.report.page.reproduced_page import page
from costsim.report.verbs.reproduced import text
from costsim.reproduce.papers import PAPERS, reproduce

WIDTH = 120


def write_reports(folder: Path) -> None:
    """One text, one JSON file and one page a paper."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PAPERS:
        paper = reproduce(name)
        write_text(folder / f"{name}.txt", "\n".join(line.rstrip() for line in text(paper, WIDTH).splitlines()) + "\n")
        write_text(folder / f"{name}.json", json.dumps(paper.record(), indent=1, allow_nan=False) + "\n")
        write_text(folder / f"{name}.html", page(paper, f"costsim reproduce {name}"))


if __name__ == "__main__":
    write_reports(Path(sys.argv[1]))
