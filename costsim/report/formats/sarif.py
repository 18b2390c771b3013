"""Findings as SARIF 2.1.0, each at a file and a line: what code scanning reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from costsim.errors import InputError, visible
from costsim.files import is_there, read_text, working_folder
from costsim.graph import LayerGraph
from costsim.graph.layergraph import SourceLine
from costsim.guidelines.base import Finding, guideline, guideline_ids, manual, title
from costsim.report.formats.ci import priced, remedies
from costsim.report.verbs.checked import Checked
from costsim.version import VERSION

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

TEXT_FORMATS = (".param", ".json")
"""Files of networks in which a layer has a line."""

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
    graph, on = analysis.simulation.graph, analysis.hardware
    found = []
    for finding in checked.findings:
        evidence = finding.record()["evidence"] | {"cost_ms": finding.cost_ms, "hardware": on}
        message = f"{analysis.network} on {on}: {priced(finding)} {finding.message}"
        result = _result(checked, finding.id, message, finding.location, _place(graph, finding))
        severity = {"level": "none", "kind": "informational"} if finding.severity == "none" else {}
        found.append(result | {"level": finding.severity} | severity | {"properties": evidence})
    for verdict in checked.verdicts:
        if not verdict.holds:
            place = checked.written_at.get(verdict.assertion.text) or _whole(graph)
            message = "; ".join([f"{analysis.network} on {on}: {verdict}", *remedies(checked, verdict)])
            found.append(_result(checked, "assert", message, verdict.assertion.text, place) | {"level": "error"})
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


def _place(graph: LayerGraph, finding: Finding) -> SourceLine:
    """The first line of code or of the file that one of the finding's layers has, else the file itself."""
    for name in finding.nodes:
        if name in graph.lines:
            return graph.lines[name]
    return _in_text(graph, finding.nodes) or _whole(graph)


def _in_text(graph: LayerGraph, names: Sequence[str]) -> SourceLine | None:
    """Where the layers stand in a file people can read."""
    if not graph.file.endswith(TEXT_FORMATS):
        return None
    try:
        lines = read_text(graph.file).splitlines()
    except InputError:  # it was there when it was read as a network
        return None
    words = {f'"{name}"' for name in names} if graph.file.endswith(".json") else set(names)
    return next((SourceLine(graph.file, n) for n, line in enumerate(lines, 1) if words & _words(line)), None)


def _words(line: str) -> set[str]:
    return set(line.replace(",", " ").split())


def _whole(graph: LayerGraph) -> SourceLine:
    """The file of a network; a network of the zoo has none, its name stands for it."""
    return SourceLine(graph.file or graph.name, 1)


def _uri(file: str) -> str:
    """Relative to the folder the command was called in, where the file lies in it."""
    path = Path(file)
    if not is_there(path):
        return quote(visible(file))
    path, here = path.resolve(), working_folder().resolve()
    return quote(path.relative_to(here).as_posix()) if path.is_relative_to(here) else path.as_uri()
