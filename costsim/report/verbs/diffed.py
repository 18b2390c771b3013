"""A difference in every form but the page."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from costsim.compare import signed_milliseconds
from costsim.diff import Change, DeviceDiff
from costsim.diff.limit import Limit
from costsim.report.formats.csv import csv_text
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text, plain_table
from costsim.units import format_milliseconds

MOST = 12
"""Layers that are told one by one; what is left is summed."""


def text(diffs: Sequence[DeviceDiff], limit: Limit | None = None, width: int | None = None) -> str:
    """A line a device, then the layers that moved it."""
    parts: list[Text | Table] = []
    for one in diffs:
        parts.append(Text(f"{_name(one, diffs)}{summary(one)}", "bold"))
        if one.told:
            parts.append(_layers(one))
    return as_text(Group(*parts), width)


def _name(one: DeviceDiff, diffs: Sequence[DeviceDiff]) -> str:
    """The network, where there are several."""
    return f"{one.new.network} on " if len({d.new.network for d in diffs}) > 1 else ""


def summary(one: DeviceDiff) -> str:
    """``rpi4b: 40.8 ms -> 43.1 ms, +2.3 ms (+5.6 %), slower``."""
    times = f"{format_milliseconds(one.old.latency_ms)} -> {format_milliseconds(one.new.latency_ms)}"
    change = f"{signed_milliseconds(one.difference_ms)} ({100 * one.ratio:+.1f} %)"
    said = {"~": "~ too near for the model to tell which is faster"}.get(one.verdict, one.verdict)
    return f"{one.hw}: {times}, {change}, {said}"


def _layers(one: DeviceDiff) -> Table:
    table = plain_table()
    table.add_column("layer", overflow="fold")
    table.add_column("kind", overflow="fold")
    for head in ("old", "new", "difference"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for change in one.told[:MOST]:
        table.add_row(*map(Text, _cells(change)))
    if rest := one.told[MOST:]:
        table.add_row(f"{len(rest)} more", "", "", "", signed_milliseconds(sum(c.difference_ms for c in rest)), "")
    return table


def _cells(change: Change) -> tuple[str, ...]:
    times = (format_milliseconds(side["latency_ms"]) if side else "-" for side in (change.old, change.new))
    return (change.layer["name"], change.layer["op"].replace("_", " "), *times,
            signed_milliseconds(change.difference_ms), change.why)  # fmt: skip


def to_markdown(diffs: Sequence[DeviceDiff], limit: Limit | None = None) -> str:
    """A section a network: a table of devices and one of layers a device, to paste into a pull request."""
    networks = dict.fromkeys(d.new.network for d in diffs)
    return "\n".join(_section([d for d in diffs if d.new.network == network]) for network in networks)


def _section(diffs: Sequence[DeviceDiff]) -> str:
    columns = ("device", "old", "new", "difference", "")
    rows = (
        (escaped(d.hw), format_milliseconds(d.old.latency_ms), format_milliseconds(d.new.latency_ms),
         f"{signed_milliseconds(d.difference_ms)} ({100 * d.ratio:+.1f} %)", d.verdict.replace("~", "\\~"))
        for d in diffs
    )  # fmt: skip
    parts = [
        f"### {escaped(diffs[0].new.network)} against {escaped(diffs[0].old.network)}",
        markdown_table(columns, rows),
    ]
    for one in (d for d in diffs if d.told):
        shown = (tuple(map(escaped, _cells(change))) for change in one.told[:MOST])
        more = f"\n\n{len(one.told) - MOST} more layers" if len(one.told) > MOST else ""
        head = ("layer", "kind", "old", "new", "difference", "why")
        parts.append(f"**{escaped(one.hw)}**\n\n{markdown_table(head, shown)}{more}")
    return "\n\n".join(parts) + "\n"


def github(diffs: Sequence[DeviceDiff], limit: Limit | None) -> str:
    """A workflow command a device: an error beyond the limit, a notice otherwise."""
    lines = []
    for one in diffs:
        level = "error" if limit and one.regresses(limit) else "notice"
        largest = "".join(f"; {c.layer['name']} {signed_milliseconds(c.difference_ms)} ({c.why})" for c in one.told[:3])
        message = f"{one.new.network} on {summary(one)}{largest}"
        data = message.replace("%", "%25").replace("\r", "").replace("\n", "%0A")
        lines.append(f"::{level} title=costsim diff::{data}")
    return "\n".join(lines) + "\n"


def to_json(diffs: Sequence[DeviceDiff], limit: Limit | None) -> str:
    """All of it; ``regresses`` is null where no limit was given."""
    devices = [d.record() | {"regresses": d.regresses(limit) if limit else None} for d in diffs]
    return stamped_json({"fail_if": limit.text if limit else None, "devices": devices})


def to_csv(diffs: Sequence[DeviceDiff], limit: Limit | None = None) -> str:
    """A line a layer that is not as it was, after one for the whole network of each device."""
    rows = []
    for one in diffs:
        record = one.record()
        whole = {name: record[name] for name in ("old_ms", "new_ms", "difference_ms")}
        of = {"network": one.new.network, "hw": one.hw}
        rows.append({**of, "status": one.verdict, "old_name": record["old"], "new_name": record["new"],
                     "op": "", "op_class": "", **whole, "why": "whole network"})  # fmt: skip
        rows += [{**of, **row} for row in record["layers"]]
    return csv_text(rows)
