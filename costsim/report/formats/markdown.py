"""Markdown: a summary to paste into a pull request, and the tables other reports are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from costsim.errors import visible
from costsim.report.formats.document import document
from costsim.report.words import byte_count, percent, run_line, shape, traffic, trust, verdict
from costsim.units import format_count, format_milliseconds

if TYPE_CHECKING:
    from costsim.analysis import Analysis

COSTLIEST = 5

NUMBER = re.compile(r"[-+]?\d[\d.,]*( ?(%|[A-Za-z/]+))?")
NUMBER_OR_NONE = re.compile(rf"{NUMBER.pattern}|-|")

UNBROKEN = "\N{NO-BREAK SPACE}"
"""Between a number and its unit where a page breaks lines."""


def to_markdown(analysis: Analysis) -> str:
    """Totals, time by op class, costliest ops and findings."""
    s, profile = analysis.summary, analysis.simulation.profile
    costliest = sorted(analysis.layer_records, key=lambda r: -r["latency_ms"])[:COSTLIEST]
    interval = f"{analysis.interval}, {trust(analysis)}"
    named, moved = traffic(analysis)
    parts = [
        f"### {escaped(analysis.network)} on {escaped(profile.title)}",
        escaped(run_line(analysis)),
        f"**{format_milliseconds(s['latency_ms'])}** {analysis.mode} ({interval}). {escaped(verdict(analysis))}",
        "\n".join(f"- {escaped(reason)}" for reason in analysis.trust.reasons),
        markdown_table(
            ("MACs", "parameters", "memory access", named, "activations at the peak"),
            [(format_count(s["macs"]), format_count(s["params"]), f"{format_count(s['mem_access_elems'])} elements",
              moved, byte_count(s["peak_activation_bytes"]))],
        ),
        markdown_table(
            ("op class", "ops", "time", "share"),
            ((escaped(r["op_class"]), r["ops"], format_milliseconds(r["latency_ms"]), percent(r["share_ratio"]))
             for r in analysis.class_records),
        ),
        markdown_table(
            (f"costliest {len(costliest)} of {len(analysis.layer_records)} ops", "output", "time", "share", "bound by"),
            ((escaped(r["name"]), shape(r["output_shape"][1:]), format_milliseconds(r["latency_ms"]),
              percent(r["share_ratio"]), ", ".join(r["near_bounds"])) for r in costliest),
        ),
        "\n".join(_finding(f) for f in document(analysis)["guidelines"] or ()),
        "\n".join(f"> {escaped(warning)}" for warning in analysis.warnings),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def _finding(finding: dict[str, Any]) -> str:
    price = f" (**{format_milliseconds(finding['cost_ms'])}**)" if finding["cost_ms"] else ""
    return f"- {escaped(finding['id'])} {escaped(finding['location'])}{price}: {escaped(finding['message'])}"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Cells as they are given: text of others goes through ``escaped`` first.

    Columns of numbers stand to the right, and no line is broken between a number and its unit.
    """
    columns = [[str(cell) for cell in column] for column in zip(*rows, strict=True)] or [[] for _ in head]
    numeric = [any(map(NUMBER.fullmatch, column)) and all(map(NUMBER_OR_NONE.fullmatch, column)) for column in columns]
    marks = ["---:" if right else "---" for right in numeric]
    cells = [
        [cell.replace(" ", UNBROKEN) for cell in column] if right else column
        for column, right in zip(columns, numeric, strict=True)
    ]
    lines = [head, marks, *zip(*cells, strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    """Names as they are: nothing in them is markup or ends a table cell."""
    return (
        re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", visible(" ".join(text.split())))
        .replace("\\<", "&lt;")
        .replace("\\>", "&gt;")
    )
