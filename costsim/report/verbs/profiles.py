"""Device profiles as they are listed and shown: a table of all, and every number of one."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from costsim.hardware import Profile
from costsim.report.formats.csv import csv_text
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import plain_table
from costsim.trust import standing

Row = dict[str, Any]


def row(name: str, profile: Profile, aliases: Sequence[str], source: str) -> Row:
    """One profile as plain data; ``source`` is the package it comes from, or ``user``."""
    worth = standing(profile)
    return {
        "name": name,
        "aliases": list(aliases),
        "family": profile.family,
        "dtypes": list(profile.runtime.dtypes),
        "default_threads": int(profile.default_threads),
        "max_threads": int(profile.max_threads),
        "status": worth.status,
        "low_ratio": worth.low_ratio,
        "high_ratio": worth.high_ratio,
        "from": source,
        "title": profile.title,
    }


HEAD = ("name", "family", "data types", "threads", "interval", "title")


def _cells(r: Row) -> tuple[str, ...]:
    threads = "1" if r["max_threads"] == 1 else f"1-{r['max_threads']}"
    interval = f"{r['low_ratio']:.2f}-{r['high_ratio']:.2f}{'' if r['status'] == 'calibrated' else ' ?'}"
    origin = "" if r["from"] == "costsim" else f"[{r['from']}] "
    return r["name"], r["family"], " ".join(r["dtypes"]), threads, interval, origin + r["title"]


def text(rows: Sequence[Row], width: int | None = None) -> str:
    """A table; titles stand under their rows where the terminal is narrow. Below it, the other names."""
    width = width or shutil.get_terminal_size().columns
    lines = [HEAD, *map(_cells, rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEAD) - 1)]
    beside = width >= sum(widths) + 2 * len(widths) + 40
    printed: list[str] = []
    for *cells, title in lines:
        start = "  ".join(cell.ljust(size) for cell, size in zip(cells, widths, strict=True))
        if beside:
            printed.append(f"{start}  {title}"[:width])
        else:
            printed += [start.rstrip(), *_indented(title, width)]
    also = ", ".join(f"{alias} = {r['name']}" for r in rows for alias in r["aliases"])
    others = textwrap.wrap(f"Other names: {also}.", width) if also else []
    notes = ["", *others, "? no measurement vouches for the interval"]
    return "\n".join([*printed, *notes]) + "\n"


def _indented(title: str, width: int) -> list[str]:
    return textwrap.wrap(title, width, initial_indent="    ", subsequent_indent="    ")


def to_json(rows: Sequence[Row]) -> str:
    """All of it as a JSON document."""
    return stamped_json({"profiles": list(rows)})


def to_csv(rows: Sequence[Row]) -> str:
    """One line a profile; lists are joined with spaces."""
    return csv_text([{k: " ".join(v) if isinstance(v, list) else v for k, v in r.items()} for r in rows])


def to_markdown(rows: Sequence[Row]) -> str:
    """The table of the text form."""
    return markdown_table(HEAD, ([escaped(cell) for cell in _cells(r)] for r in rows)) + "\n"


def numbers(profile: Profile) -> Table:
    """Every number of a profile, with the key of its source."""
    table = plain_table(padding=(0, 1, 0, 0))
    table.add_column("field", overflow="fold")
    table.add_column("value", justify="right", overflow="fold")
    table.add_column("source", no_wrap=True)
    for path, source in sorted(profile.provenance.items()):
        table.add_row(path, Text(profile.text_at(path)), source)
    return table
