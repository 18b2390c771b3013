"""The networks of the zoo as text, JSON, CSV and Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from costsim.measures import BY_NAME
from costsim.report.formats.csv import csv_text, flat
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text, plain_table
from costsim.report.words import measured, shape
from costsim.units import format_count, format_milliseconds

Rows = Sequence[Mapping[str, Any]]

COLUMNS = ("network", "input", "parameters", "MACs")
TITLES = {"params": "parameters"}


def text(rows: Rows, width: int | None = None) -> str:
    """A line a network; where their sizes were not asked for, names alone."""
    if rows and "macs" not in rows[0]:
        return "".join(f"{row['name']}\n" for row in rows)
    table, ranked = plain_table(show_edge=False), "sorted_by" in rows[0]
    for name in _columns(rows):
        table.add_column(
            name.replace("_", "\n"),
            justify="left" if name in COLUMNS[:2] else "right",
            no_wrap=name not in ("network", "input" if ranked else ""),
            overflow="fold",
        )
    for row in rows:
        table.add_row(*_cells(row))
    return as_text(table, width)


def to_json(rows: Rows) -> str:
    """A record a network."""
    return stamped_json({"networks": list(rows)}, indent=None)


def to_csv(rows: Rows) -> str:
    """A line a network."""
    lines = []
    for row in rows:
        line = {name: value for name, value in row.items() if name not in ("measures", "sorted_by")}
        sized = {"input_shape": shape(line["input_shape"])} if "input_shape" in line else {}
        lines.append({**flat(line), **sized, **row.get("measures", {})})
    return csv_text(lines)


def to_markdown(rows: Rows) -> str:
    """A table."""
    return f"{markdown_table(_columns(rows), ([escaped(cell) for cell in _cells(row)] for row in rows))}\n"


def _columns(rows: Rows) -> tuple[str, ...]:
    """The sizes; or, of networks in an order, what they were put in order by beside MACs and latency."""
    sorted_by = rows[0].get("sorted_by") if rows else None
    if sorted_by is None:
        return COLUMNS
    own = () if sorted_by in ("macs", "latency_ms") else (TITLES.get(sorted_by, sorted_by),)
    return ("network", "MACs", "latency", *own)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    sorted_by = row.get("sorted_by")
    if sorted_by is None:
        return (row["name"], shape(row["input_shape"][1:]), *(format_count(row[name]) for name in ("params", "macs")))
    counts = (_or_none(row["macs"], format_count), _or_none(row["latency_ms"], format_milliseconds))
    if sorted_by in BY_NAME:
        own: tuple[str, ...] = (
            _or_none(row["measures"][sorted_by], lambda value: measured(value, BY_NAME[sorted_by])),
        )
    else:
        own = (_or_none(row["params"], format_count),) if sorted_by == "params" else ()
    return (row["name"], *counts, *own)


def _or_none(value: Any, written: Callable[[Any], str]) -> str:
    return "none" if value is None else written(value)
