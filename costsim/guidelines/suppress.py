"""Suppressions: findings a team has decided to live with, each with its reason, in a YAML file::

- {id: G4, location: stage3, reason: "the shortcuts are what makes it train"}
- {id: V2, reason: "the accelerator has a depthwise engine"}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costsim.errors import InputError, unknown_name
from costsim.guidelines.base import Finding, guideline_ids
from costsim.yamlfile import read_yaml_list

MEND = "write '- {id: G4, location: stage3, reason: why}', location if only there"


@dataclass(frozen=True)
class Suppression:
    """One decision; without a location it holds everywhere."""

    id: str
    reason: str
    location: str | None = None

    def covers(self, finding: Finding) -> bool:
        return finding.id == self.id and self.location in (None, finding.location)


def load_suppressions(path: str | Path) -> list[Suppression]:
    """The suppressions in a file.

    Raises:
        InputError: unreadable, no reason, an unknown key or a rule that does not exist.
    """
    return suppressions(read_yaml_list(Path(path), MEND), str(path))


def suppressions(entries: Any, where: str) -> list[Suppression]:
    """The suppressions in a list of plain mappings.

    Raises:
        InputError: no list, no reason, an unknown key or a rule that does not exist.
    """
    if not isinstance(entries, list):
        raise InputError("is no list", where=where, mend=MEND)
    return [_suppression(entry, f"{where}: entry {number}") for number, entry in enumerate(entries, start=1)]


def _suppression(entry: Any, where: str) -> Suppression:
    if not isinstance(entry, dict) or not set(entry) <= {"id", "location", "reason"}:
        raise InputError("not a suppression", where=where, mend=MEND)
    if str(entry.get("id")) not in guideline_ids():
        raise unknown_name("guideline", str(entry.get("id")), guideline_ids(), where=where)
    if not str(entry.get("reason") or "").strip():
        raise InputError(f"{entry['id']} is suppressed without a reason", where=where, mend=MEND)
    return Suppression(str(entry["id"]), str(entry["reason"]), entry.get("location"))
