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
from costsim.report.formats.markdown import UNBROKEN, escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text, plain_table
from costsim.units import counted, format_milliseconds, time_column, unit_of

MOST = 12
"""Layers that are told one by one; what is left is summed."""


def text(diffs: Sequence[DeviceDiff], limit: Limit | None = None, width: int | None = None) -> str:
    """A line a device, then the layers that moved it."""
    parts: list[Text | Table | str] = []
    for one in diffs:
        if one.told and parts:
            parts.append("")
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
    groups = changed_the_same_way(one.told)
    told, rest = groups[:MOST], groups[MOST:]
    olds, news = ([_side_ms(group, side) for group in told] for side in ("old", "new"))
    moved = [_moved_ms(group) for group in told] + ([sum(map(_moved_ms, rest))] if rest else [])
    unit = unit_of([*olds, *news, *moved])
    table = plain_table(show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("layer", overflow="fold", ratio=1)
    columns = []
    for head, values, signed in (("old", olds, False), ("new", news, False), ("change", moved, True)):
        title, texts = time_column(head, values, signed, unit)
        table.add_column(title, no_wrap=True)
        columns.append(texts)
    for group, *times in zip(told, *columns, strict=False):
        table.add_row(Text.assemble(_named(group), "\n", (f"  {group[0].why}", "dim")), *times)
    if rest:
        table.add_row(f"{sum(map(len, rest))} more layers", "", "", columns[-1][-1])
    return table


def changed_the_same_way(changes: Sequence[Change]) -> list[list[Change]]:
    """Layers of one kind that changed in the same way, together; what moves the time most first."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        layer = change.layer
        key = (change.status, layer["op"], change.why, tuple(layer["output_shape"]), layer["macs"], layer["params"])
        groups.setdefault(key, []).append(change)
    return sorted(groups.values(), key=lambda group: -abs(_moved_ms(group)))


def _moved_ms(group: Sequence[Change]) -> float:
    return sum(change.difference_ms for change in group)


def _side_ms(group: Sequence[Change], side: str) -> float | None:
    layers = [layer for change in group if (layer := getattr(change, side))]
    return sum(layer["latency_ms"] for layer in layers) if layers else None


def _named(group: Sequence[Change]) -> str:
    """``stage2.unit1.conv_3, conv``, or how many others there are like it."""
    first = group[0].layer
    others = f" and {len(group) - 1} like it" if len(group) > 1 else ""
    return f"{first['name']}{others}, {first['op'].replace('_', ' ')}"


def _cells(group: Sequence[Change]) -> tuple[str, ...]:
    sides = (_side_ms(group, side) for side in ("old", "new"))
    times = ("-" if ms is None else format_milliseconds(ms) for ms in sides)
    values = (*times, signed_milliseconds(_moved_ms(group)))
    return (_named(group), *(value.replace(" ", UNBROKEN) for value in values), group[0].why.replace("->", "→"))


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
        groups = changed_the_same_way(one.told)
        shown = (tuple(map(escaped, _cells(group))) for group in groups[:MOST])
        rest = sum(map(len, groups[MOST:]))
        more = f"\n\n{counted(rest, 'more layer')}" if rest else ""
        head = ("layer", "old", "new", "change", "why")
        parts.append(f"**{escaped(one.hw)}**\n\n{markdown_table(head, shown)}{more}")
    return "\n\n".join(parts) + "\n"


def github(diffs: Sequence[DeviceDiff], limit: Limit | None) -> str:
    """A workflow command a device: an error beyond the limit, a notice otherwise."""
    lines = []
    for one in diffs:
        level = "error" if limit and one.regresses(limit) else "notice"
        first = changed_the_same_way(one.told)[:3]
        largest = "".join(f"; {_named(g)} {signed_milliseconds(_moved_ms(g))} ({g[0].why})" for g in first)
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
