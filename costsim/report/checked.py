"""What ``costsim check`` has to say, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from costsim.analysis import Analysis
from costsim.guidelines import Finding
from costsim.guidelines.assertion import Verdict
from costsim.report.document import document

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

    @property
    def shown(self) -> list[Finding]:
        return self.findings if self.everything else self.costly[:SHOWN]

    def document(self) -> dict[str, Any]:
        """The JSON document of the analysis, with the findings and the limits in it."""
        limits = [
            {"assertion": v.assertion.text, "metric": v.assertion.metric, "value": v.value, "holds": v.holds}
            for v in self.verdicts
        ]
        return document(self.analysis, self.findings) | {
            "suppressed_findings": self.suppressed,
            "assertions": limits,
        }
