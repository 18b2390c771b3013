"""A comparison on the terminal."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from costsim.compare import Comparison, Difference
from costsim.report.words import milliseconds
from costsim.units import format_count


def text(comparison: Comparison, width: int | None = None) -> str:
    """Networks by devices, differences against the first, ranks that flip."""
    console = Console(highlight=False, width=width)
    with console.capture() as captured:
        console.print(_body(comparison))
    return captured.get()


def _body(comparison: Comparison) -> Group:
    parts: list[Any] = [_totals(comparison)]
    for difference in comparison.differences:
        parts += [Text(difference.summary, "bold"), _by_part(difference)]
    parts += [Text.assemble(("flip  ", "yellow"),
                            f"{f.faster_here} is faster on {f.here}, {f.faster_there} on {f.there}: {f.why}")
              for f in comparison.flips]  # fmt: skip
    if len(comparison.devices) > 1 and not comparison.flips:
        parts.append(Text("All devices rank them alike."))
    return Group(*parts)


def _totals(comparison: Comparison) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("network", overflow="fold")
    for column in ("parameters", "MACs", "memory access", *comparison.devices):
        table.add_column(column, justify="right")
    for network in comparison.networks:
        analyses = [comparison.analyses[network, hw] for hw in comparison.devices]
        s = analyses[0].summary
        counts = (format_count(s[name]) for name in ("params", "macs", "mem_access_elems"))
        table.add_row(network, *counts, *(milliseconds(analysis.latency_ms) for analysis in analyses))
    return table


def _by_part(difference: Difference) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("part")
    table.add_column("difference", justify="right")
    table.add_column("mostly", overflow="fold")
    for part, ms in difference.parts.items():
        mostly = [c for c in difference.contributions if c.part == part and abs(c.difference_ms) > 0.1 * abs(ms)][:3]
        table.add_row(part, signed(ms), ", ".join(f"{c.op_class} {signed(c.difference_ms)}" for c in mostly))
    return table


def signed(ms: float) -> str:
    return f"{'+' if ms > 0 else '-' if ms < 0 else ''}{milliseconds(abs(ms))}"
