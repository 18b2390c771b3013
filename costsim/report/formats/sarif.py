"""Findings as SARIF 2.1.0, each at a file and a line: what code scanning reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from costsim.errors import visible
from costsim.graph.layergraph import SourceLine
from costsim.guidelines.base import guideline, guideline_ids, manual, title
from costsim.report.formats.ci import priced, remedies
from costsim.report.formats.places import from_here, place_of, place_of_limit
from costsim.report.verbs.checked import Checked
from costsim.version import VERSION

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

Record = dict[str, Any]


def sarif(checks: Sequence[Checked]) -> str:
    """Static analysis results: one rule a guideline, one result a finding, failed limits as errors."""
    results = [result for checked in checks for result in _results(checked)]
    driver = {"name": "costsim", "version": VERSION, "rules": _rules()}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False)


def _rules() -> list[Record]:
    rules = [
        {
            "id": rule_id,
            "name": "".join(word.title() for word in title(guideline(rule_id)).split()),
            "shortDescription": {"text": title(guideline(rule_id))},
            "fullDescription": {"text": manual(guideline(rule_id))},
            "help": {"text": manual(guideline(rule_id)), "markdown": manual(guideline(rule_id))},
        }
        for rule_id in guideline_ids()
    ]
    what = "a limit on the network does not hold"
    return [*rules, {"id": "assert", "name": "Assertion", "shortDescription": {"text": what}}]


def _results(checked: Checked) -> list[Record]:
    analysis = checked.analysis
    on = analysis.hardware
    found = []
    for finding in checked.findings:
        evidence = finding.record()["evidence"] | {"cost_ms": finding.cost_ms, "hardware": on}
        message = f"{analysis.network} on {on}: {priced(finding)} {finding.message}"
        result = _result(checked, finding.id, message, finding.location, place_of(checked, finding))
        severity = {"level": "none", "kind": "informational"} if finding.severity == "none" else {}
        found.append(result | {"level": finding.severity} | severity | {"properties": evidence})
    for verdict in checked.verdicts:
        if not verdict.holds:
            message = "; ".join([f"{analysis.network} on {on}: {verdict}", *remedies(checked, verdict)])
            found.append(
                _result(checked, "assert", message, verdict.assertion.text, place_of_limit(checked, verdict))
                | {"level": "error"}
            )
    return found


def _result(checked: Checked, rule_id: str, message: str, location: str, place: SourceLine) -> Record:
    analysis = checked.analysis
    name = f"{analysis.network}.{location}" if location else analysis.network
    key = "\n".join((rule_id, analysis.network, analysis.hardware, location))
    return {
        "ruleId": rule_id,
        "message": {"text": visible(message)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(place.file)},
                    "region": {"startLine": place.line},
                },
                "logicalLocations": [{"name": location or name, "fullyQualifiedName": name}],
            }
        ],
        "partialFingerprints": {"costsim/v1": hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()},
    }


def _uri(file: str) -> str:
    shown = from_here(file)
    return Path(shown).as_uri() if Path(shown).is_absolute() else quote(shown)
