"""The reconciliation: one table of conventions, one of what they are made of."""

from __future__ import annotations

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from costsim.reconcile import Reconciliation, Row
from costsim.report.formats.csv import csv_text
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text, plain_table


def text(found: Reconciliation, width: int | None = None) -> str:
    """Conventions with the number each prints and the rule behind it; then the quantities in the rules."""
    title = Text.assemble(
        (found.network, "bold"), f": {found.params:,} parameters, {found.macs:,} multiply-accumulates exactly\n"
    )
    rules = [part for row in found.rows for part in (_said(row), "")]
    return as_text(Group(title, _conventions(found), "", *rules, _terms(found)), width)


def to_json(found: Reconciliation) -> str:
    """All of it as a JSON document."""
    return stamped_json(found.record())


def to_csv(found: Reconciliation) -> str:
    """One line a convention."""
    return csv_text([{"network": found.network, **row} for row in found.record()["rows"]])


def to_markdown(found: Reconciliation) -> str:
    """One line a convention, with its rule."""
    rows = (
        [escaped(row.convention), f"{row.printed:,.3f} {escaped(row.unit)}", f"{row.excess:+,}", escaped(row.rule)]
        for row in found.rows
    )
    head = ("counts as", "prints", "more than exact", "rule")
    return f"### {escaped(found.network)}\n\n{markdown_table(head, rows)}\n"


def _conventions(found: Reconciliation) -> Table:
    table = plain_table(show_edge=False)
    table.add_column("counts as")
    table.add_column("prints", justify="right", no_wrap=True)
    table.add_column("more than exact", justify="right", no_wrap=True)
    for row in found.rows:
        table.add_row(row.convention, f"{row.printed:,.3f} {row.unit}", f"{row.excess:+,}" if row.excess else "-")
    return table


def _said(row: Row) -> Group:
    """The rule of a convention, and who counts by it."""
    return Group(Text(row.convention, "bold"), Padding(Text.assemble(row.rule, (f"\n{row.used_by}", "dim")), (0, 4)))


def _terms(found: Reconciliation) -> Table:
    table = plain_table(show_edge=False)
    table.add_column("what there is to count")
    table.add_column("", justify="right", no_wrap=True)
    for name, count in found.terms.items():
        if count:
            table.add_row(name, f"{count:,}")
    return table
