"""A comparison on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from costsim.compare import Comparison, Difference, signed_milliseconds
from costsim.report.terminal import as_text, plain_table
from costsim.units import format_count, format_milliseconds

FEW_DEVICES = 2
"""Columns of latencies that fit beside the counts on 80 characters."""


def text(comparison: Comparison, width: int | None = None) -> str:
    """Networks by devices, differences against the first, ranks that flip."""
    return as_text(_body(comparison), width)


def _body(comparison: Comparison) -> Group:
    parts: list[Any] = [*_totals(comparison)]
    for difference in comparison.differences:
        parts += [Text(difference.summary, "bold"), _by_part(difference)]
    parts += [Text.assemble(("flip  ", "yellow"),
                            f"{f.faster_here} is faster on {f.here}, {f.faster_there} on {f.there}: {f.why}")
              for f in comparison.flips]  # fmt: skip
    if len(comparison.devices) > 1 and not comparison.flips:
        parts.append(Text("No two networks change places by more than the model can tell apart."))
    return Group(*parts)


def _totals(comparison: Comparison) -> list[Table]:
    """Counts and latencies in one table, or in two where many devices would squeeze the names."""
    first, networks = comparison.devices[0], comparison.networks
    counts = {
        title: [format_count(comparison.analyses[network, first].summary[name]) for network in networks]
        for title, name in (("parameters", "params"), ("MACs", "macs"), ("memory\naccess", "mem_access_elems"))
    }
    times = {
        hw: [format_milliseconds(comparison.analyses[network, hw].latency_ms) for network in networks]
        for hw in comparison.devices
    }
    groups = [counts | times] if len(times) <= FEW_DEVICES else [counts, times]
    return [_by_network(networks, columns) for columns in groups]


def _by_network(networks: Sequence[str], columns: dict[str, list[str]]) -> Table:
    table = plain_table()
    table.add_column("network", overflow="fold")
    for title in columns:
        table.add_column(title, justify="right")
    for row in zip(networks, *columns.values(), strict=True):
        table.add_row(*row)
    return table


def _by_part(difference: Difference) -> Table:
    table = plain_table()
    table.add_column("part")
    table.add_column("difference", justify="right")
    table.add_column("mostly", overflow="fold")
    for part, ms in difference.parts.items():
        mostly = [c for c in difference.contributions if c.part == part and abs(c.difference_ms) > 0.1 * abs(ms)][:3]
        table.add_row(
            part,
            signed_milliseconds(ms),
            ", ".join(f"{c.op_class} {signed_milliseconds(c.difference_ms)}" for c in mostly),
        )
    return table
