"""Many networks on many devices on one screen: latencies, ratios to the first network, and ranks that flip."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import floor, log10
from typing import Any

from rich.table import Table
from rich.text import Text

from costsim.compare import Comparison, faster
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.terminal import plain_table

DIGITS = 3
"""What an interval of a tenth bears."""

FOOT = "~: too near for the model to tell which is faster."


def matrix(comparison: Comparison) -> list[Any]:
    """The two tables and a line a pair that changes places."""
    compared = ratios(comparison)
    parts = [_drawn(comparison, "latency", latencies(comparison)), Text("")]
    parts += [_drawn(comparison, f"times {comparison.networks[0]}", compared), Text("")]
    parts += [Text(f"{FOOT}\n", "dim")] if _has_ties(compared) else []
    lines = list(flips(comparison))
    if len(comparison.devices) > 1 and not lines:
        lines = ["No two networks change places by more than the model can tell apart."]
    return [*parts, *map(Text, lines)]


def _has_ties(compared: list[list[str]]) -> bool:
    return any(cell.startswith("~") for row in compared for cell in row)


def matrix_markdown(comparison: Comparison) -> str:
    """The same for a pull request."""
    (_, *units), *rows = latencies(comparison)
    heads = [f"{hw} [{unit}]" for hw, unit in zip(comparison.devices, units, strict=True)]
    tables = (("latency", heads, rows), (f"times {comparison.networks[0]}", comparison.devices, ratios(comparison)))
    parts = [
        markdown_table([escaped(cell) for cell in (title, *head)], ([escaped(cell) for cell in row] for row in body))
        for title, head, body in tables
    ]
    parts += [escaped(FOOT)] if _has_ties(ratios(comparison)) else []
    lines = "\n".join(f"- {escaped(line)}" for line in flips(comparison))
    return "\n\n".join([*parts, *([lines] if lines else [])]) + "\n"


def latencies(comparison: Comparison) -> list[list[str]]:
    """A row a network, a unit a device; then how far each device's numbers are to be trusted."""
    times = {
        (network, hw): comparison.analyses[network, hw].latency_ms
        for network in comparison.networks
        for hw in comparison.devices
    }
    units = {hw: _unit(min(times[network, hw] for network in comparison.networks)) for hw in comparison.devices}
    rows = [["", *(name for name, *_ in units.values())]]
    for network in comparison.networks:
        cells = (f"{times[network, hw] * per_ms:.{decimals}f}" for hw, (_, per_ms, decimals) in units.items())
        rows.append([network, *cells])
    ways = ["runs in", *(_runs_in(comparison, hw) for hw in comparison.devices)]
    return [*rows, ways, ["widest interval", *_widest(comparison)], ["calibrated", *_least(comparison)]]


def _runs_in(comparison: Comparison, hw: str) -> str:
    """Data types and threads on a device: ``fp32 x4``, ``fp32, int8`` where networks differ."""
    runs = [comparison.analyses[network, hw].simulation.run for network in comparison.networks]
    return ", ".join(dict.fromkeys(f"{r.dtype} x{r.threads}" if r.threads > 1 else r.dtype for r in runs))


def _unit(smallest_ms: float) -> tuple[str, float, int]:
    """The unit in which the smallest time of a device is 1 or more, how many of it a millisecond is, and decimals."""
    name, per_ms = ("ms", 1.0) if smallest_ms >= 1 else ("us", 1e3)
    smallest = smallest_ms * per_ms
    return name, per_ms, max(0, DIGITS - 1 - floor(log10(smallest))) if smallest else 0


def _widest(comparison: Comparison) -> Iterator[str]:
    """Per device the widest interval of its predictions: ``-13 +16 %``."""
    for of_device in _trusts(comparison):
        low, high = min(t.low_ratio for t in of_device), max(t.high_ratio for t in of_device)
        yield f"-{1 - low:.0%} ?" if any(t.at_least for t in of_device) else f"-{100 * (1 - low):.0f} +{high - 1:.0%}"


def _least(comparison: Comparison) -> Iterator[str]:
    """Per device the least trusted of its predictions: yes, derived or no."""
    words = {"estimated": "no", "derived": "derived", "calibrated": "yes"}
    for of_device in _trusts(comparison):
        yield next(said for status, said in words.items() if any(t.status == status for t in of_device))


def _trusts(comparison: Comparison) -> Iterator[list[Any]]:
    for hw in comparison.devices:
        yield [comparison.analyses[network, hw].trust for network in comparison.networks]


def ratios(comparison: Comparison) -> list[list[str]]:
    """Each network's time over the first's, ``~`` where the model cannot tell the two apart."""
    first, *others = comparison.networks
    return [[other, *(ratio(comparison, first, other, hw) for hw in comparison.devices)] for other in others]


def ratio(comparison: Comparison, first: str, other: str, hw: str) -> str:
    """How many times as long as the first network the other takes: ``2.07``, ``~ 1.02``."""
    times = comparison.analyses[other, hw].latency_ms / (comparison.analyses[first, hw].latency_ms or 1.0)
    return f"{times:.2f}" if faster(comparison.analyses, first, other, hw) else f"~ {times:.2f}"


def flips(comparison: Comparison) -> Iterator[str]:
    """A line a pair that is told apart one way on some devices and the other way on others."""
    for pair in combinations(comparison.networks, 2):
        ahead: dict[str, list[str]] = {}
        for hw in comparison.devices:
            ahead.setdefault(faster(comparison.analyses, *pair, hw), []).append(hw)
        if all(network in ahead for network in pair):
            less, more = sorted(pair, key=lambda network: len(ahead[network]))
            yield f"{less} is ahead of {more} only on {', '.join(ahead[less])}"


def _drawn(comparison: Comparison, title: str, rows: list[list[str]]) -> Table:
    table = plain_table(show_edge=False, padding=(0, 1, 0, 0))
    table.add_column(title, overflow="fold")
    for hw in comparison.devices:
        table.add_column(hw, justify="right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
