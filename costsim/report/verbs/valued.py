"""What the guidelines are worth on a device: as text, JSON, CSV and Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group
from rich.table import Table
from rich.text import Text

from costsim.report.formats.csv import csv_text, flat
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text, plain_table
from costsim.report.words import percent
from costsim.units import round_significant
from costsim.worth import Evidence, Price, Worth

PRICES = (
    "Prices by the model: what one unit more of a measure adds to a network of equal multiply-adds. Median of the "
    "pairs of networks, their range with the profile's interval, the share of the network's time, and in how many "
    "pairs more of it is slower."
)
MEASURED = (
    "What the measures explain of the time that multiply-adds leave open: rank correlation, and share of its variance "
    "in families of networks left out. Measured: {how} ({source}), {networks} networks of {families} families. "
    "Predicted: the model's times of the same networks."
)
SHORT = {"million elements": "M elems", "multiply-accumulates an element": "macs/el",
         "multiply-accumulates a byte": "macs/B"}  # fmt: skip
UNPRICED = "-"


def text(found: Worth, width: int | None = None) -> str:
    """Two tables of all measures: prices, then what measurements say."""
    profile = found.profile
    threads = f", {int(found.run.threads)} threads" if int(found.run.threads) > 1 else ""
    title = Text.assemble((profile.title, "bold"), f" ({profile.name}), {found.run.dtype}{threads}\n")
    parts: list[Text | Table | str] = [title, Text(PRICES + "\n"), _prices(found)]
    if measured := [price.evidence for price in found.prices if price.evidence]:
        parts += [Text("\n" + _how(measured[0]) + "\n"), _evidence(found)]
    parts += [Text.assemble(("\nnote  ", "yellow"), note) for note in found.notes]
    return as_text(Group(*parts), width)


def to_json(found: Worth) -> str:
    """All of it as a JSON document."""
    return stamped_json(found.record())


def to_csv(found: Worth) -> str:
    """One line a measure."""
    return csv_text([{"hardware": found.profile.name, **flat(price.record())} for price in found.prices])


def to_markdown(found: Worth) -> str:
    """Both tables, with their explanations."""
    parts = [f"### {escaped(found.profile.title)}", PRICES]
    parts.append(markdown_table(PRICE_COLUMNS, ([escaped(cell) for cell in row] for row in _price_rows(found))))
    if measured := [price.evidence for price in found.prices if price.evidence]:
        rows = ([escaped(cell) for cell in row] for row in _evidence_rows(found))
        parts += [escaped(_how(measured[0])), markdown_table(EVIDENCE_COLUMNS, rows)]
    parts += [f"- {escaped(note)}" for note in found.notes]
    return "\n\n".join(parts) + "\n"


PRICE_COLUMNS = ("", "measure", "ms", "per", "low", "high", "of time", "slower")
EVIDENCE_COLUMNS = ("", "measure", "measured rank", "explained", "predicted rank", "explained")


def _how(first: Evidence) -> str:
    return MEASURED.format(how=first.run, source=first.source, networks=first.networks, families=first.families)


def _prices(found: Worth) -> Table:
    table = plain_table(padding=(0, 1, 0, 0), show_edge=False)
    for column in PRICE_COLUMNS:
        table.add_column(column, justify="left" if column in ("", "measure", "per") else "right", no_wrap=True)
    for row in _price_rows(found):
        table.add_row(*row)
    return table


def _evidence(found: Worth) -> Table:
    table = plain_table(padding=(0, 2, 0, 0), show_edge=False)
    for place, column in enumerate(EVIDENCE_COLUMNS):
        table.add_column(column.replace(" ", "\n"), justify="right" if place > 1 else "left", no_wrap=place < 2)
    for row in _evidence_rows(found):
        table.add_row(*row)
    return table


def _price_rows(found: Worth) -> Iterator[tuple[str, ...]]:
    for price in found.prices:
        yield price.measure.guideline, price.measure.name, *price_cells(price)


def price_cells(price: Price) -> tuple[str, ...]:
    """Price, unit, range, share of the time, pairs."""
    per = SHORT.get(price.per, price.per)
    if price.price_ms is None or price.low_ms is None or price.high_ms is None or price.price_ratio is None:
        return UNPRICED, per, "", "", "", ""
    low, high = (round_significant(end, 2) for end in (price.low_ms, price.high_ms))
    slower = f"{price.orders.agree}/{price.orders.pairs}"
    return round_significant(price.price_ms, 3), per, low, high, percent(price.price_ratio), slower


def _evidence_rows(found: Worth) -> Iterator[tuple[str, ...]]:
    for price in found.prices:
        if told := price.evidence:
            yield (
                price.measure.guideline, price.measure.name,
                f"{told.rank_correlation:+.2f}", share(told.explained_ratio),
                f"{told.predicted_rank_correlation:+.2f}", share(told.predicted_explained_ratio),
            )  # fmt: skip


def share(explained_ratio: float) -> str:
    """A share of variance; what misleads explains nothing."""
    return percent(explained_ratio) if explained_ratio > 0 else "none"
