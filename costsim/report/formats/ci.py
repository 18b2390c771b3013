"""Findings for machines that watch a repository: JUnit XML and GitHub annotations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from costsim.errors import visible
from costsim.files import is_there
from costsim.graph.layergraph import SourceLine
from costsim.guidelines.assertion import Verdict
from costsim.guidelines.base import Finding
from costsim.report.formats.places import from_here, place_of, place_of_limit
from costsim.report.verbs.advised import short_lines
from costsim.report.verbs.checked import Checked
from costsim.units import format_milliseconds


def junit(checks: Sequence[Checked]) -> str:
    """A suite a network and device, a test case a finding and a limit; only limits that do not hold fail."""
    suites = ET.Element("testsuites", name="costsim check")
    for checked in checks:
        suites.append(_suite(checked))
    for element in suites.iter():
        element.text = visible(element.text) if element.text else element.text
        for name, value in element.items():
            element.set(name, visible(value))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True)


def _suite(checked: Checked) -> ET.Element:
    failed = sum(not v.holds for v in checked.verdicts)
    suite = ET.Element(
        "testsuite", name=f"{checked.analysis.network} on {checked.analysis.hardware}",
        tests=str(len(checked.verdicts) + len(checked.findings)), failures=str(failed), errors="0",
    )  # fmt: skip
    for verdict in checked.verdicts:
        case = ET.SubElement(suite, "testcase", classname="assertion", name=verdict.assertion.text)
        if not verdict.holds:
            ET.SubElement(case, "failure", message=str(verdict)).text = "; or ".join(remedies(checked, verdict))
    for finding in checked.findings:
        case = ET.SubElement(suite, "testcase", classname=f"guideline.{finding.id}", name=finding.key)
        ET.SubElement(case, "system-out").text = f"{priced(finding)} {finding.message}"
    return suite


def github(checks: Sequence[Checked]) -> str:
    """Workflow commands, each at its line: a warning or notice a costly finding, an error a failed limit."""
    return "\n".join(line for checked in checks for line in _commands(checked))


def _commands(checked: Checked) -> Iterator[str]:
    name = f"{checked.analysis.network} on {checked.analysis.hardware}"
    for f in checked.shown:
        level = "warning" if f.severity == "warning" else "notice"
        said = f"{name}: {priced(f)} {f.message}"
        yield f"::{level} {_at(place_of(checked, f))}title=costsim {_property(f.key)}::{_data(said)}"
    for verdict in checked.verdicts:
        if not verdict.holds:
            said = "; ".join([f"{name}: {verdict}", *remedies(checked, verdict)[:1]])
            yield f"::error {_at(place_of_limit(checked, verdict))}title=costsim assertion::{_data(said)}"


def _at(place: SourceLine) -> str:
    """``file=nets/a.onnx,line=1,``; a network of the zoo lies in no file of the repository."""
    return f"file={_property(from_here(place.file))},line={place.line}," if is_there(place.file) else ""


def remedies(checked: Checked, verdict: Verdict) -> list[str]:
    """What would meet a limit that does not hold, a line a list of changes; none for limits on guidelines."""
    is_of_total = "." not in verdict.assertion.metric
    return short_lines(checked.advice) if checked.advice and is_of_total else []


def priced(finding: Finding) -> str:
    """What a finding costs, as a sentence."""
    if finding.cost_ms is None:
        return "Not priced."
    return f"Costs {format_milliseconds(finding.cost_ms)}." if finding.cost_ms else "Costs nothing here."


def _data(text: str) -> str:
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
