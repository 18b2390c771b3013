"""The page of the measures, made of their table: ``python -m costsim.measures.page FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from costsim.measures.table import MEASURES, Measure

HEAD = """# Measures

<!-- Made from the table of measures by `make docs`; edit `costsim/measures/table.py`. -->

What the papers on efficient networks argue with, as numbers: `Analysis.measures`, `.block_measures` and
`.stage_measures`, columns of `Analysis.totals` and `.blocks`, and `measures{}` of `totals`, `stages` and `blocks` in
the JSON. `costsim check` reads them from here. A measure is `null` where a part has nothing it speaks of: no group
convolution, no 1x1 convolution. All are taken over the ops that the device executes, after fusion and views.

*Over*: a stage's or network's value is taken over all its ops, or made of the values of its blocks. In the equations
`hw` are the pixels of the output maps of all images, `c1` and `c2` channels in and out, `g` groups, `B`
multiply-accumulates, `k` the kernel, `G` channels a group; the features of a convolution are the elements of the maps
it reads and writes.

`costsim guidelines --hw HW` prices every measure on a device and says what measurements make of it; `costsim reproduce
matrix` does so for all devices.
"""


def page() -> str:
    """The table of measures as Markdown, then where each comes from."""
    rows = [
        "| measure | guideline | definition | unit | best | over |",
        "|---|---|---|---|---|---|",
        *map(_row, MEASURES),
    ]
    sources = ["", "## Sources", "", *(f"- `{row.name}`: {row.paper}, {row.section}" for row in MEASURES), ""]
    return "\n".join([HEAD, *rows, *sources])


def _row(row: Measure) -> str:
    over = "all ops" if row.over == "rows" else row.over
    symbol = f"{row.symbol}: " if row.symbol else ""
    return f"| `{row.name}` | {row.guideline} | {symbol}{row.equation} | {row.unit} | {row.best} | {over} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
