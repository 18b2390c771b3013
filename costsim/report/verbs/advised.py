"""Advice as text, JSON, CSV and Markdown, and the lines under a failed assertion."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from costsim.report.formats.csv import csv_text, flat
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text, plain_table
from costsim.report.words import total, total_name
from costsim.units import DIGITS, format_count, unit_of

if TYPE_CHECKING:
    from costsim.advice import Advice, Suggestion

FOOT = (
    "Each list was carried out and priced. The MACs and parameters kept stand in for the accuracy, which is not known "
    "here; --apply 1 -o FILE writes the network of list 1."
)

FIRST = 3
"""Lists under a failed assertion."""


def text(advice: Advice, width: int | None = None) -> str:
    """The targets, what the network does now, and the lists of changes."""
    head = Text.assemble((advice.network, "bold"), " on ", (advice.hw, "bold"), f", now: {_now(advice)}\n")
    head.append(f"wanted: {' and '.join(target.text for target in advice.targets)}")
    return as_text(Group(head, *_answer(advice)), width)


def to_json(advice: Advice) -> str:
    """All of it as a JSON document."""
    return stamped_json(advice.record())


def to_csv(advice: Advice) -> str:
    """One line a list of changes, with the totals it leads to; without one, the nearest."""
    return csv_text([{"list": number, "changes": s.text, **flat(_row(s))} for number, s in _numbered(advice)])


def _row(suggestion: Suggestion) -> dict[str, Any]:
    return {key: value for key, value in suggestion.record().items() if key != "changes"}


def to_markdown(advice: Advice) -> str:
    """What is wanted, and the lists of changes as a table."""
    wanted = " and ".join(target.text for target in advice.targets)
    parts = [f"**{escaped(advice.network)} on {escaped(advice.hw)}**, now {escaped(_now(advice))}; wanted: `{wanted}`"]
    if advice.met:
        parts.append("It meets that as it is.")
    elif not advice.suggestions:
        parts.append("Nothing within these limits does it" + ("; the nearest is" if advice.nearest else "."))
    names = _shown(advice)
    rows = (
        [str(number), escaped(s.text), *(escaped(total(name, s.totals[name])) for name in names),
         f"{s.macs_kept_ratio:.0%}", f"{s.params_kept_ratio:.0%}", s.loss]
        for number, s in _numbered(advice)
    )  # fmt: skip
    head = ("", "change", *map(total_name, names), "MACs kept", "params kept", "asks for")
    return "\n\n".join([*parts, *([] if advice.met else [markdown_table(head, rows)])]) + "\n"


def _numbered(advice: Advice) -> list[tuple[int, Suggestion]]:
    """The lists by number; the nearest is number 0."""
    return list(enumerate(advice.suggestions, 1)) or ([(0, advice.nearest)] if advice.nearest else [])


def _answer(advice: Advice) -> list[Text | Table]:
    if advice.met:
        return [Text("It meets that as it is.", "bold green")]
    if advice.suggestions:
        return [_table(advice, advice.suggestions), Text(FOOT, "dim")]
    if advice.nearest is None:
        return [Text("Nothing within these limits does it, and nothing else can be tried.", "bold red")]
    said = Text(f"Nothing within these limits does it ({advice.priced} tried); the nearest is", "bold red")
    return [said, _table(advice, (advice.nearest,))]


def _now(advice: Advice) -> str:
    if advice.totals is None:
        return "it does not fit the device"
    return ", ".join(_value(name, advice.totals) for name in _metrics(advice))


def _metrics(advice: Advice) -> list[str]:
    return list(dict.fromkeys(target.metric for target in advice.targets))


def _shown(advice: Advice) -> list[str]:
    """The totals a list of changes is shown with."""
    return list(dict.fromkeys(["latency_ms", *_metrics(advice)]))


def _value(name: str, totals: dict) -> str:
    return f"{total_name(name)} {total(name, totals[name])}"


def _table(advice: Advice, suggestions: tuple[Suggestion, ...]) -> Table:
    table = plain_table()
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("change", overflow="fold")
    names = _shown(advice)
    columns = [_column(name, suggestions) for name in names]
    for head, values in columns:
        table.add_column(head, justify="right", width=max(map(len, [*head.split(), *values])))
    if any(suggestion.score is not None for suggestion in suggestions):
        table.add_column("score", justify="right")
    table.add_column("MACs kept", justify="right", width=len("MACs"))
    table.add_column("params kept", justify="right", width=len("params"))
    for number, suggestion in enumerate(suggestions, 1):
        what = Text("\n".join(change.text for change in suggestion.changes))
        what.append(f"\n{suggestion.loss}", "dim")
        table.add_row(
            str(number), what, *(values[number - 1] for _, values in columns),
            *([format_count(suggestion.score)] if suggestion.score is not None else []),
            f"{suggestion.macs_kept_ratio:.0%}", f"{suggestion.params_kept_ratio:.0%}",
        )  # fmt: skip
    return table


def _column(name: str, suggestions: Sequence[Suggestion]) -> tuple[str, list[str]]:
    """A total of each list under its head; a time with a digit more than is sure, to be told from its limit."""
    values = [suggestion.totals[name] for suggestion in suggestions]
    if name.endswith("_ms"):
        unit = unit_of(values)
        scaled = [value * (1e3 if unit == "us" else 1.0) for value in values]
        decimals = max(0, DIGITS - int(log10(max(scaled)))) if max(scaled) >= 1 else DIGITS
        return f"{total_name(name)} [{unit}]", [f"{value:.{decimals}f}" for value in scaled]
    return total_name(name), [total(name, value) for value in values]


def short_lines(advice: Advice) -> list[str]:
    """The first lists, one a line: ``to meet it: run on 4 threads: latency 26.96 ms, ...``."""
    metrics = _shown(advice)

    def line(suggestion: Suggestion) -> str:
        values = ", ".join(_value(name, suggestion.totals) for name in metrics)
        return f"{suggestion.text}: {values}, {suggestion.macs_kept_ratio:.0%} of the MACs ({suggestion.loss})"

    if advice.suggestions:
        return [f"to meet it: {line(suggestion)}" for suggestion in advice.suggestions[:FIRST]]
    nothing = "nothing within the limits of 'costsim advise' meets it"
    return [f"{nothing}; the nearest: {line(advice.nearest)}" if advice.nearest else nothing]
