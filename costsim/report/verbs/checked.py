"""What ``costsim check`` has to say, whatever the format, and as JSON, CSV and Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from costsim.advice import Advice
from costsim.analysis import Analysis
from costsim.graph.layergraph import SourceLine
from costsim.guidelines import Finding
from costsim.guidelines.assertion import Verdict
from costsim.guidelines.base import Cause, causes
from costsim.report.formats.csv import csv_text, flat
from costsim.report.formats.document import document
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.verbs.advised import short_lines
from costsim.units import format_milliseconds

NOTHING = "No guideline costs anything here."

SHOWN = 10
"""Findings listed unless all are asked for."""


@dataclass(frozen=True)
class Checked:
    """An analysis, what the guidelines found in it, and the limits it was held to."""

    analysis: Analysis
    findings: list[Finding]
    """Not suppressed, costliest first."""
    suppressed: int
    verdicts: list[Verdict]
    everything: bool = False
    """Show also what costs nothing here."""
    advice: Advice | None = None
    """What would meet all limits on totals together, where one of them does not hold."""
    written_at: Mapping[str, SourceLine] = field(default_factory=dict)
    """Where limits stand that come from a file, by their text."""

    @cached_property
    def costly(self) -> list[Finding]:
        """Findings worth a look on this device."""
        return [f for f in self.findings if f.severity != "none"]

    @cached_property
    def free(self) -> list[Finding]:
        """Findings whose counterfactual is no faster on this device, or by less than 0.5 %."""
        return [f for f in self.findings if f.severity == "none" and f.cost_ms is not None]

    @cached_property
    def unpriced(self) -> list[Finding]:
        """Findings without a counterfactual."""
        return [f for f in self.findings if f.cost_ms is None]

    @cached_property
    def causes(self) -> list[Cause]:
        """Findings worth a look, those with one remedy together."""
        return causes(self.costly)

    @property
    def shown(self) -> list[Finding]:
        return self.findings if self.everything else self.costly[:SHOWN]

    def document(self) -> dict[str, Any]:
        """The JSON document of the analysis, with the findings and the limits in it."""
        return document(self.analysis, self.findings) | {
            "suppressed_findings": self.suppressed,
            "causes": [cause.record() for cause in self.causes],
            "assertions": self.limits,
            "advice": self.advice.record() if self.advice else None,
        }

    @property
    def limits(self) -> list[dict[str, Any]]:
        """The limits that were asserted, as plain data."""
        return [
            {"assertion": v.assertion.text, "metric": v.assertion.metric, "value": v.value, "holds": v.holds}
            for v in self.verdicts
        ]


def to_json(checks: Sequence[Checked]) -> str:
    """The document of one network on one device; of several, all of them under ``checks``."""
    documents = [checked.document() for checked in checks]
    return stamped_json(documents[0] if len(documents) == 1 else {"checks": documents})


def to_csv(checks: Sequence[Checked]) -> str:
    """One line a finding, costliest first, with its evidence as columns; then one a limit that was asserted."""
    rows: list[dict[str, Any]] = []
    for checked in checks:
        of = {"network": checked.analysis.network, "hardware": checked.analysis.hardware}
        rows += [{**of, "kind": "finding", **flat(finding.record())} for finding in checked.findings]
        rows += [{**of, "kind": "assertion", **limit} for limit in checked.limits]
    return csv_text(rows)


def to_markdown(checks: Sequence[Checked]) -> str:
    """Limits, then the findings that are shown in the terminal, priced, a section a network and device."""
    return "\n".join(map(_section, checks))


def _section(checked: Checked) -> str:
    analysis = checked.analysis
    rows = (
        ("not priced" if cause.cost_ms is None else format_milliseconds(cause.cost_ms), escaped(cause.instruction),
         escaped(f"{cause.id} at {', '.join(cause.locations)}"), escaped(cause.findings[0].message))
        for cause in checked.causes
    )  # fmt: skip
    parts = [
        f"### {escaped(analysis.network)} on {escaped(analysis.simulation.profile.title)}",
        f"**{format_milliseconds(analysis.latency_ms)}** ({analysis.interval}, {analysis.trust.label})",
        "\n".join(
            [
                *(f"- {'ok' if v.holds else '**FAILS**'}: {escaped(str(v))}" for v in checked.verdicts),
                *(f"- {escaped(line)}" for line in (short_lines(checked.advice) if checked.advice else ())),
            ]
        ),
        markdown_table(("costs", "what to do", "where", "what it is"), rows) if checked.causes else NOTHING,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
