"""The reconciliation as text: one table of conventions, one of what they are made of."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from costsim.reconcile import Reconciliation


def print_reconciliation(found: Reconciliation, console: Console | None = None) -> None:
    """Print it to stdout."""
    (console or Console(highlight=False)).print(render(found))


def render(found: Reconciliation) -> Group:
    """Conventions with the number each prints and the rule behind it; then the quantities in the rules."""
    title = Text.assemble(
        (found.network, "bold"), f": {found.params:,} parameters, {found.macs:,} multiply-accumulates exactly\n"
    )
    return Group(title, _conventions(found), "", _terms(found))


def _conventions(found: Reconciliation) -> Table:
    table = _table()
    table.add_column("counts as")
    table.add_column("prints", justify="right", no_wrap=True)
    table.add_column("more than exact", justify="right", no_wrap=True)
    table.add_column("because", ratio=1)
    for row in found.rows:
        reason = Text.assemble(row.rule, (f"\n{row.used_by}", "dim"))
        table.add_row(
            row.convention, f"{row.printed:,.3f} {row.unit}", f"{row.excess:+,}" if row.excess else "-", reason
        )
    return table


def _terms(found: Reconciliation) -> Table:
    table = _table()
    table.add_column("what there is to count")
    table.add_column("", justify="right", no_wrap=True)
    for name, count in found.terms.items():
        if count:
            table.add_row(name, f"{count:,}")
    return table


def _table(**options: Any) -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, **options)
