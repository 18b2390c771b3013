"""A reproduced paper as text, JSON, CSV and Markdown."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table as Grid
from rich.text import Text

from costsim.report.formats.csv import csv_text
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text, plain_table
from costsim.reproduce import Matrix, Reproduction, Table, Verdict
from costsim.units import round_significant

STYLES = {
    Verdict.HOLDS: "green", Verdict.DIRECTION: "yellow", Verdict.FAILS: "bold red", Verdict.OPEN: "dim",
}  # fmt: skip
SHORT = {
    Verdict.HOLDS: "holds", Verdict.DIRECTION: "direction only", Verdict.FAILS: "not here", Verdict.OPEN: "-",
}  # fmt: skip
"""Verdicts beside the numbers that say the rest."""
BRIEF = SHORT | {Verdict.DIRECTION: "mostly", Verdict.FAILS: "no"}
"""Verdicts in a matrix that is as wide as a screen."""


def text(paper: Reproduction, width: int | None = None) -> str:
    """Claims first, then every table, then what was never published."""
    return as_text(_body(paper), width)


def to_json(paper: Reproduction) -> str:
    """All of it as a JSON document."""
    return stamped_json(paper.record())


def to_csv(paper: Reproduction) -> str:
    """One line a row of a table, one a claim, one a cell of the matrix."""
    record = paper.record()
    rows = [
        {"table": table["title"], "hw": table["hw"], "unit": table["unit"], **row}
        for table in record["tables"]
        for row in table["rows"]
    ]
    rows += [{"table": "claims", "label": claim.pop("text"), **claim} for claim in map(dict, record["claims"])]
    for label, cells in (record["matrix"] or {}).items():
        rows += [{"table": "matrix", "label": label, "hw": column, **cell} for column, cell in cells.items()]
    return csv_text(rows)


def to_markdown(paper: Reproduction) -> str:
    """The claims and the matrix, then every table."""
    parts = [f"### {escaped(paper.title)}", escaped(paper.source)]
    if paper.matrix:
        cells = (
            [escaped(label), *(escaped(f"{SHORT[judged.verdict]}: {judged.found}") for judged in row)]
            for label, row in paper.matrix.rows.items()
        )
        parts.append(markdown_table([escaped(c) for c in (paper.matrix.corner, *paper.matrix.claims)], cells))
    if paper.claims:
        claims = ([SHORT[c.verdict], escaped(c.text), escaped(c.found)] for c in paper.claims)
        parts.append(markdown_table(("verdict", "claim", "found here"), claims))
    for table in paper.tables:
        rows = ([escaped(r.label), value(r.published), value(r.computed), SHORT[r.verdict]] for r in table.rows)
        parts += [
            f"**{escaped(table.title)}{f' on {escaped(table.hw)}' if table.hw else ''}**: {table.verdict}",
            markdown_table(("", f"published, {escaped(table.unit)}", "computed", "verdict"), rows),
        ]
    parts += [f"- {escaped(note)}" for note in paper.notes]
    return "\n\n".join(parts) + "\n"


def value(number: float | None) -> str:
    """Four digits, or a dash."""
    return "-" if number is None else round_significant(number, 4)


def _body(paper: Reproduction) -> Group:
    parts: list[Any] = [Text.assemble((paper.title, "bold"), f"\n{paper.source}\n")]
    if paper.matrix:
        parts += [_matrix(paper.matrix), ""]
    if paper.claims:
        parts += [_claims(paper), ""]
    for table in paper.tables:
        parts += [_heading(table), _grid(table)]
    parts += [Text.assemble(("note  ", "yellow"), note) for note in paper.notes]
    return Group(*parts)


def _claims(paper: Reproduction) -> Grid:
    grid = plain_table(show_edge=False)
    grid.add_column("verdict", no_wrap=True)
    grid.add_column("claim, and what is found here", overflow="fold")
    for claim in paper.claims:
        found = Text.assemble(claim.text, (f"\n{claim.found}", "dim"))
        grid.add_row(Text(SHORT[claim.verdict], STYLES[claim.verdict]), found)
    return grid


def _matrix(matrix: Matrix) -> Group:
    grid = plain_table(padding=0, show_edge=False)
    for column in (matrix.corner, *matrix.columns):
        grid.add_column(column, no_wrap=True)
    for label, cells in matrix.rows.items():
        said = (Text.assemble((BRIEF[judged.verdict], STYLES[judged.verdict]), f"\n{judged.brief}") for judged in cells)
        grid.add_row(label, *said)
    return Group(*(Text(claim) for claim in matrix.claims), "", grid)


def _heading(table: Table) -> Text:
    where = f" on {table.hw}" if table.hw else ""
    note = f"\n{table.note}" if table.note else ""
    tolerance = f", tolerance {100 * table.tolerance:.3g} %" if table.tolerance >= 1e-3 else ", exact"
    return Text.assemble(
        (f"{table.title}{where}", "bold"),
        f"\nin {table.unit}{tolerance}: ",
        (table.verdict, STYLES[table.verdict]),
        note,
    )


def _grid(table: Table) -> Grid:
    grid = plain_table(padding=(0, 1, 0, 0))
    grid.add_column("", overflow="fold")
    for column in ("published", "computed", *(("published\nratio", "computed\nratio") if table.compared else ())):
        grid.add_column(column, justify="right")
    grid.add_column("verdict")
    for row in table.rows:
        ratios = (value(row.published_ratio), value(row.computed_ratio)) if table.compared else ()
        verdict = Text(SHORT[row.verdict], STYLES[row.verdict])
        grid.add_row(row.label, value(row.published), value(row.computed), *ratios, verdict)
    return grid
