"""Differences between networks by the papers' measures: as text, JSON, CSV and Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from costsim.compare.measures import GUIDELINES, HEADLINE_OF, ByMeasure
from costsim.measures import BY_NAME
from costsim.report.formats.csv import csv_text
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text, plain_table
from costsim.report.words import measured
from costsim.units import format_milliseconds

Found = Sequence[ByMeasure]

COLUMNS = ("", "measure", "first", "costs it", "second", "costs it")


def text(found: Found, width: int | None = None) -> str:
    """A table a pair of networks: the measure of each guideline, what breaking it costs, and the sentence."""
    parts: list[Text | object] = []
    for pair in found:
        table = plain_table(show_edge=False, padding=(0, 1, 0, 0))
        for place, title in enumerate(COLUMNS):
            title = {"first": pair.first, "second": pair.second}.get(title, title)
            table.add_column(title, justify="left" if place < 2 else "right", overflow="fold", no_wrap=place == 1)
        for row in rows_by_measure(pair):
            table.add_row(*row)
        parts += [Text(f"on {pair.hw}", "bold"), table, Text(f"\n{pair.summary}.\n")]
    return as_text(Group(*parts), width)  # type: ignore[arg-type]


def rows_by_measure(pair: ByMeasure) -> list[tuple[str, ...]]:
    """A row a guideline: its measure, and what breaking it costs, of both networks."""
    rows: list[tuple[str, ...]] = []
    for guideline in GUIDELINES:
        name = HEADLINE_OF[guideline]
        values = ("none" if value is None else measured(value, BY_NAME[name]) for value in pair.measures[name])
        prices = (format_milliseconds(ms) if ms else "nothing" for ms in pair.prices_ms[guideline])
        first, second = zip(values, prices, strict=True)
        rows.append((guideline, name, *first, *second))
    return rows


def to_json(found: Found) -> str:
    """All of it as a JSON document."""
    return stamped_json({"differences": [pair.record() for pair in found]})


def to_csv(found: Found) -> str:
    """A line a pair of networks, device and guideline."""
    return csv_text(
        [
            {
                "first": pair.first, "second": pair.second, "hw": pair.hw, "difference_ms": pair.difference_ms,
                "macs_ms": pair.macs_ms, "guideline": guideline, "measure": HEADLINE_OF[guideline],
                "first_value": pair.measures[HEADLINE_OF[guideline]][0],
                "second_value": pair.measures[HEADLINE_OF[guideline]][1],
                "first_price_ms": pair.prices_ms[guideline][0], "second_price_ms": pair.prices_ms[guideline][1],
            }
            for pair in found
            for guideline in GUIDELINES
        ]
    )  # fmt: skip


def to_markdown(found: Found) -> str:
    """The same tables, each under its sentence."""
    parts = []
    for pair in found:
        titles = [{"first": pair.first, "second": pair.second}.get(title, title) for title in COLUMNS]
        rows = ([escaped(cell) for cell in row] for row in rows_by_measure(pair))
        parts += [f"**{escaped(pair.summary)}.**", markdown_table(list(map(escaped, titles)), rows)]
    return "\n\n".join(parts) + "\n"
