"""``costsim check`` on the terminal."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from costsim.guidelines.base import Cause, Finding, guideline, title
from costsim.report.formats.terminal import as_text, plain_table
from costsim.report.verbs.advised import short_lines
from costsim.report.verbs.analyzed import header
from costsim.report.verbs.checked import NOTHING, SHOWN, Checked
from costsim.report.words import trust
from costsim.units import format_milliseconds, round_significant

STYLES = {"warning": "bold yellow", "note": "cyan", "none": "dim"}

PRICES = (
    "A price is what the device model predicts that the changed network, op table or profile saves. Changed networks "
    "cost something else; what they learn is not known."
)


def text(checks: Sequence[Checked], width: int | None = None) -> str:
    """Header, findings by price, what costs nothing, limits: a section a network and device."""
    return "\n".join(as_text(_body(checked), width) for checked in checks)


def _body(checked: Checked) -> Group:
    analysis = checked.analysis
    s = analysis.summary
    interval = f"{analysis.interval}, {trust(analysis)}"
    head = Text.assemble(header(analysis), "\n", (format_milliseconds(s["latency_ms"]), "bold"), f" ({interval})\n")
    parts: list[Padding | Table | Text] = [
        head,
        _shown(checked),
    ]
    parts.append(Text(""))
    if hidden := [cause.cost_ms or 0.0 for cause in checked.causes[SHOWN:] if not checked.everything]:
        parts.append(Text(f"{len(hidden)} more, {format_milliseconds(sum(hidden))} together: --all shows them"))
    if not checked.everything:
        parts += _line("cost nothing or next to nothing here", checked.free)
        parts += _line("no equal network to price it by", checked.unpriced)
    if checked.suppressed:
        parts.append(Text(f"suppressed: {checked.suppressed}"))
    if checked.costly:
        parts.append(Text(PRICES, "dim"))
    for verdict in checked.verdicts:
        parts.append(
            Text(("ok    " if verdict.holds else "FAILS ") + str(verdict), "" if verdict.holds else "bold red")
        )
    if checked.advice:
        parts += [Padding(Text(line), (0, 0, 0, 6)) for line in short_lines(checked.advice)]
    return Group(*parts)


def _shown(checked: Checked) -> Table | Text:
    if checked.everything and checked.findings:
        return _findings(checked)
    return _causes(checked) if checked.causes else Text(NOTHING)


def _causes(checked: Checked) -> Table:
    """A row a remedy: what it saves in all, what to do, where, and what was seen at its costliest place."""
    table = _table("what to do")
    for cause in checked.causes[:SHOWN]:
        first = cause.findings[0]
        share = f"{cause.cost_ms / checked.analysis.latency_ms:.1%}" if cause.cost_ms else ""
        what = (cause.instruction, STYLES[first.severity])
        body = Text.assemble(what, "\n", _places(cause), "\n", first.message)
        if first.cost_ms:
            now, changed = (format_milliseconds(first.evidence[name]) for name in ("latency_ms", "changed_ms"))
            where = f" at {first.location}" if len(cause.findings) > 1 else ""
            body.append(f" {now} there now, {changed} if changed{where}.")
        table.add_row(_cost_in_all(cause), share, body)
    return table


def _places(cause: Cause) -> Text:
    """``G2@stage3, stage2``: how --apply names the findings."""
    return Text(f"{cause.id}@{', '.join(cause.locations)}", "dim")


def _table(last: str) -> Table:
    table = plain_table(show_edge=False)
    table.add_column("costs", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column(last, overflow="fold")
    return table


def _findings(checked: Checked) -> Table:
    table = _table("finding")
    for f in checked.shown:
        share = f"{f.cost_ms / checked.analysis.latency_ms:.1%}" if f.cost_ms else ""
        body = Text.assemble((f.key, STYLES[f.severity]), f" {title(guideline(f.id))}\n", f.message)
        if f.cost_ms:
            now, changed = (format_milliseconds(f.evidence[name]) for name in ("latency_ms", "changed_ms"))
            body.append(f" {now} there now, {changed} if changed.")
        if f.cost_ms and f.evidence.get("alone_ms", 0.0) > 1.05 * f.cost_ms:
            body.append(
                f" Alone {format_milliseconds(f.evidence['alone_ms'])}: other findings claim the same time.", "dim"
            )
        if "unpriced" in f.evidence:
            body.append(f" Not priced: {f.evidence['unpriced']}.", "dim")
        table.add_row(_cost(f), share, body)
    return table


def _cost_in_all(cause: Cause) -> Text:
    return _price(cause.cost_ms, *cause.ends_ms)


def _cost(finding: Finding) -> Text:
    return _price(finding.cost_ms, finding.cost_low_ms, finding.cost_high_ms)


def _price(cost_ms: float | None, low_ms: float | None, high: float | None) -> Text:
    """A price over its interval."""
    if not cost_ms or low_ms is None:
        return Text("?" if cost_ms is None else "nothing")
    per_ms, unit = (1.0, "ms") if cost_ms >= 1 else (1e3, "us")
    low = round_significant(low_ms * per_ms, 2)
    ends = f"at least {low} {unit}" if high is None else f"{low} to {round_significant(high * per_ms, 2)} {unit}"
    return Text.assemble((format_milliseconds(cost_ms), "bold"), (f"\n{ends}", "dim"))


def _line(what: str, findings: Collection[Finding]) -> list[Text]:
    """``G3 at stage2, stage3; V2 at stage4``, if there is anything to say."""
    places: dict[str, list[str]] = {}
    for finding in sorted(findings, key=lambda f: f.id):
        places.setdefault(finding.id, []).append(finding.location)
    words = "; ".join(f"{rule} at {', '.join(where)}" for rule, where in places.items())
    return [Text(f"{what}: {words}")] if words else []
