"""The networks of the zoo as text, JSON, CSV and Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from costsim.report.formats.csv import csv_text, flat
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.terminal import as_text, plain_table
from costsim.report.words import shape
from costsim.units import format_count

Rows = Sequence[Mapping[str, Any]]

COLUMNS = ("network", "input", "parameters", "MACs")


def text(rows: Rows, width: int | None = None) -> str:
    """A line a network; where their sizes were not asked for, names alone."""
    if rows and "macs" not in rows[0]:
        return "".join(f"{row['name']}\n" for row in rows)
    table = plain_table(show_edge=False)
    for name in COLUMNS:
        right, whole = name in ("parameters", "MACs"), name == "network"
        table.add_column(name, justify="right" if right else "left", no_wrap=whole, overflow="fold")
    for row in rows:
        table.add_row(*_cells(row))
    return as_text(table, width)


def to_json(rows: Rows) -> str:
    """A record a network."""
    return json.dumps({"schema_version": 1, "networks": list(rows)}, allow_nan=False)


def to_csv(rows: Rows) -> str:
    """A line a network."""
    return csv_text([{**flat(row), "input_shape": shape(row["input_shape"])} for row in rows])


def to_markdown(rows: Rows) -> str:
    """A table."""
    return f"{markdown_table(COLUMNS, ([escaped(cell) for cell in _cells(row)] for row in rows))}\n"


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    counts = (format_count(row[name]) for name in ("params", "macs"))
    return (row["name"], shape(row["input_shape"][1:]), *counts)
