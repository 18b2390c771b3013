"""What the example scripts share: options, a sweep with its progress, a report in HTML."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from costsim.files import make_folder, write_text
from costsim.report.page.swept_page import page
from costsim.report.progress import progress_bar
from costsim.report.verbs.swept import sweep_text
from costsim.sweep import load_spec, sweep
from costsim.sweep.run import SweepResult


def swept(script: str, text: str | None, spec: dict[str, Any]) -> SweepResult:
    """Run the script's sweep with the options of its command line; print it and write its page."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="reports", metavar="FOLDER", help="where the page is written")
    parser.add_argument("--sample", type=int, metavar="N", help="visit N points only")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N", help="local processes")
    given = parser.parse_args()
    name, parsed = Path(script).stem, load_spec(spec, given.sample)
    with TemporaryDirectory() as tables:
        with progress_bar("pricing", "points") as progress:
            result = sweep(parsed, Path(tables) / name, workers=given.workers, progress=progress)
        print(sweep_text(result, parsed), end="")
    target = make_folder(given.output) / f"{name}.html"
    write_text(target, page(result, parsed, f"python examples/{name}.py"))
    print(f"report written to {target}")
    return result
