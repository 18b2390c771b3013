"""A comparison as text, JSON, CSV and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from costsim.compare import Comparison, Difference, Flip, signed_milliseconds
from costsim.report.formats.csv import csv_text, flat
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text, plain_table
from costsim.report.verbs.matrix import matrix, matrix_markdown
from costsim.units import format_count, format_milliseconds, time_column

FEW_PAIRS = 2
"""Differences that are told part by part; more make a matrix."""

FEW_DEVICES = 2
"""Columns of latencies that fit beside the counts on 80 characters."""


def text(comparison: Comparison, width: int | None = None) -> str:
    """Networks by devices, differences against the first, ranks that flip."""
    return as_text(_body(comparison), width)


def to_json(comparison: Comparison) -> str:
    """All of it as a JSON document."""
    return stamped_json(comparison.record())


def to_csv(comparison: Comparison) -> str:
    """One line a network and device: its totals, and how far they are to be trusted."""
    return csv_text([flat(total) for total in comparison.record()["totals"]])


def to_markdown(comparison: Comparison) -> str:
    """Networks by devices, then each difference by part, then ranks that flip."""
    if len(comparison.differences) > FEW_PAIRS:
        return matrix_markdown(comparison)
    networks, devices = comparison.networks, comparison.devices
    summaries = {network: comparison.analyses[network, devices[0]].summary for network in networks}
    counts = ("params", "macs", "mem_access_elems")
    head = ["network", "parameters", "MACs", "memory access", *map(escaped, devices)]
    rows = (
        [escaped(network), *(format_count(summaries[network][name]) for name in counts),
         *(format_milliseconds(comparison.analyses[network, hw].latency_ms) for hw in devices)]
        for network in networks
    )  # fmt: skip
    parts = [markdown_table(head, rows)]
    for difference in comparison.differences:
        by_part = ([escaped(part), signed_milliseconds(ms)] for part, ms in difference.parts.items())
        parts += [f"**{escaped(difference.summary)}**", markdown_table(("part", "difference"), by_part)]
    parts += [f"- {escaped(_flip(flip))}" for flip in comparison.flips]
    return "\n\n".join(parts) + "\n"


def _flip(flip: Flip) -> str:
    return f"{flip.faster_here} is faster on {flip.here}, {flip.faster_there} on {flip.there}: {flip.why}"


def _body(comparison: Comparison) -> Group:
    if len(comparison.differences) > FEW_PAIRS:
        return Group(*matrix(comparison))
    if len(comparison.networks) == 1:
        return Group(_by_device(comparison))
    parts: list[Any] = [*_totals(comparison)]
    for difference in comparison.differences:
        parts += [Text(difference.summary, "bold"), _by_part(difference)]
    parts += [Text.assemble(("flip  ", "yellow"), _flip(flip)) for flip in comparison.flips]
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


def _by_device(comparison: Comparison) -> Table:
    """One network: a line a device, as there is nothing to be said of differences."""
    table = plain_table()
    table.add_column(comparison.networks[0], overflow="fold")
    for title in ("latency", "90 % interval"):
        table.add_column(title, justify="right")
    table.add_column("bound by")
    for (_, hw), analysis in comparison.analyses.items():
        latency = format_milliseconds(analysis.latency_ms)
        table.add_row(hw, latency, analysis.interval, analysis.summary["bound"])
    return table


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
    head, texts = time_column("difference", difference.parts.values(), signed=True)
    table.add_column("part")
    table.add_column(head, no_wrap=True)
    table.add_column("mostly", overflow="fold")
    for (part, ms), text in zip(difference.parts.items(), texts, strict=True):
        mostly = [c for c in difference.contributions if c.part == part and abs(c.difference_ms) > 0.1 * abs(ms)][:3]
        table.add_row(
            part,
            text,
            ", ".join(f"{c.op_class} {signed_milliseconds(c.difference_ms)}" for c in mostly),
        )
    return table
