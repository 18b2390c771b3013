"""Findings for machines that watch a repository: SARIF 2.1.0, JUnit XML, GitHub annotations."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from costsim.errors import visible
from costsim.guidelines.base import Finding, guideline, guideline_ids, manual, title
from costsim.report.verbs.checked import Checked
from costsim.units import format_milliseconds
from costsim.version import VERSION

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(checked: Checked) -> str:
    """Static analysis results: one rule a guideline, one result a finding, failed limits as errors."""
    rules = [
        {
            "id": rule_id,
            "name": "".join(word.title() for word in title(guideline(rule_id)).split()),
            "shortDescription": {"text": title(guideline(rule_id))},
            "fullDescription": {"text": manual(guideline(rule_id))},
        }
        for rule_id in guideline_ids()
    ]
    rules.append({"id": "assert", "name": "Assertion", "shortDescription": {"text": "a limit given by --assert"}})
    results = [
        _result(checked, finding.id, finding.severity, f"{_priced(finding)} {finding.message}", finding.location)
        | {"properties": finding.record()["evidence"] | {"cost_ms": finding.cost_ms}}
        for finding in checked.findings
    ]
    results += [_result(checked, "assert", "error", str(v), "") for v in checked.verdicts if not v.holds]
    driver = {"name": "costsim", "version": VERSION, "rules": rules}
    return json.dumps(
        {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]},
        indent=2,
    )


def junit(checked: Checked) -> str:
    """A test case a finding and a limit; only limits that do not hold fail."""
    failed = sum(not v.holds for v in checked.verdicts)
    suite = ET.Element(
        "testsuite", name=f"costsim check {checked.analysis.network} on {checked.analysis.hardware}",
        tests=str(len(checked.verdicts) + len(checked.findings)), failures=str(failed), errors="0",
    )  # fmt: skip
    for verdict in checked.verdicts:
        case = ET.SubElement(suite, "testcase", classname="assertion", name=verdict.assertion.text)
        if not verdict.holds:
            ET.SubElement(case, "failure", message=str(verdict))
    for finding in checked.findings:
        case = ET.SubElement(suite, "testcase", classname=f"guideline.{finding.id}", name=finding.key)
        ET.SubElement(case, "system-out").text = f"{_priced(finding)} {finding.message}"
    for element in suite.iter():
        element.text = visible(element.text) if element.text else element.text
        for name, value in element.items():
            element.set(name, visible(value))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def github(checked: Checked) -> str:
    """Workflow commands: a warning or notice a finding that costs something, an error a failed limit."""
    lines = [
        f"::{'warning' if f.severity == 'warning' else 'notice'} title=costsim {_property(f.key)}::"
        + _data(f"{checked.analysis.network}: {_priced(f)} {f.message}")
        for f in checked.shown
    ]
    lines += [f"::error title=costsim assertion::{_data(str(v))}" for v in checked.verdicts if not v.holds]
    return "\n".join(lines)


def _result(checked: Checked, rule_id: str, level: str, message: str, location: str) -> dict[str, object]:
    name = f"{checked.analysis.network}.{location}" if location else checked.analysis.network
    place = {"logicalLocations": [{"name": location or name, "fullyQualifiedName": name}]}
    return {"ruleId": rule_id, "level": level, "message": {"text": message}, "locations": [place]}


def _priced(finding: Finding) -> str:
    if finding.cost_ms is None:
        return "Not priced."
    return f"Costs {format_milliseconds(finding.cost_ms)}." if finding.cost_ms else "Costs nothing here."


def _data(text: str) -> str:
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
