"""Sweeps and searches as text, JSON, CSV and Markdown: the best points and what each axis does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Group

from costsim.report.formats.csv import csv_text, flat
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text
from costsim.report.page.swept_page import effects, equal_once
from costsim.report.verbs.analyzed import table
from costsim.report.words import axis_value, metric, short_name
from costsim.units import counted, under_points

if TYPE_CHECKING:
    import pandas as pd

    from costsim.sweep.axes import Axis
    from costsim.sweep.run import SweepResult
    from costsim.sweep.search import SearchSpec
    from costsim.sweep.spec import SweepSpec

SHOWN = 10

SETTINGS = "settings"
"""Head of the column that all axes share where they are too many for the terminal."""


def sweep_text(result: SweepResult, spec: SweepSpec, width: int | None = None) -> str:
    """Counts, best points, front, effect of each axis."""
    axes = _varied(spec)
    parts = (
        f"{_counts(result, spec)}\nbound by {_bounds(result)}\n",
        *_best(result, axes, spec, width),
        _effects(result, axes, next(iter(spec.objectives))),
        f"\ntables in {result.folder}",
    )
    return as_text(Group(*parts), width)


def _varied(spec: SweepSpec) -> list[Axis]:
    return [axis for axis in spec.space.axes if len(axis.values) > 1]


def _counts(result: SweepResult, spec: SweepSpec) -> str:
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in result.summary["outcomes"].items() if count)
    return f"{spec.space.points:,} points of {spec.space.combinations:,}: {counts}"


def _bounds(result: SweepResult) -> str:
    """What points spend most of their time under, the commonest first."""
    counts: dict[str, int] = result.summary["bounds"]
    commonest = sorted(counts, key=lambda name: -counts[name])
    return ", ".join(f"{name} {counts[name] / sum(counts.values()):.0%}" for name in commonest)


def search_text(result: SweepResult, spec: SearchSpec, width: int | None = None) -> str:
    """Counts, best candidates, front."""
    found = _best(result, _searched(spec), spec, width)
    parts = (f"{_evaluated(result, spec)}\n", *found, f"tables in {result.folder}")
    return as_text(Group(*parts), width)


def _evaluated(result: SweepResult, spec: SearchSpec) -> str:
    found = result.summary
    return (
        f"{found['evaluations']:,} of {found['combinations']:,} candidates priced on {_devices(spec)}: "
        f"{found['outcomes']['priced']:,} keep the constraints"
    )


def _searched(spec: SearchSpec) -> list[Axis]:
    return [axis for axis in _varied(spec) if axis.name != "hw"]


def _devices(spec: SearchSpec) -> str:
    return ", ".join(next(axis.values for axis in spec.space.axes if axis.name == "hw"))


def _best(result: SweepResult, axes: list[Axis], spec: SweepSpec, width: int | None) -> Iterator[Any]:
    for title, rows in _tables(result, spec):
        yield _grid(title, rows, axes, width or get_terminal_size().columns)
        yield ""


class Rows(NamedTuple):
    """Points of a sweep, and the columns their objectives stand in by what the objectives are called."""

    points: pd.DataFrame
    objectives: Mapping[str, str]


def _tables(result: SweepResult, spec: SweepSpec) -> Iterator[tuple[str, Rows]]:
    """The best points of the first objective, and the front where there are several, each value once.

    The front of one network of a workload has that network's own values.
    """
    (objective, direction), *others = spec.objectives.items()
    whole = {name: name for name in spec.objectives}
    best = equal_once(result.best, spec)
    yield f"{'Lowest' if direction == 'min' else 'Highest'} {objective}", Rows(best, whole)
    if others:
        fronts = [(", ".join(whole), result.pareto, whole)]
        for network, front in result.fronts.items():
            own = {name: f"{name.partition('@')[0]}@{network}" for name in whole}
            fronts.append((f"{network} alone", front, own))
        for of, front, columns in fronts:
            points = equal_once(front, spec)
            yield f"Pareto front of {of}: {counted(len(points), 'point')}", Rows(points, columns)


def _grid(title: str, rows: Rows, axes: list[Axis], width: int) -> object:
    """A column an axis where they all fit, else all settings of a point in one."""
    head, cells = _head(rows, axes), list(_cells(rows, axes))
    wide = sum(max(map(len, column)) + 2 for column in zip(head, *cells, strict=True))
    if wide > width:
        names, last = head[1 : 1 + len(axes)], 1 + len(axes)
        head = [head[0], SETTINGS, *head[last:]]
        cells = [[row[0], " ".join(map("=".join, zip(names, row[1:last], strict=True))), *row[last:]] for row in cells]
    numbers = [*zip(head, *cells, strict=True)][-len(rows.objectives) - _has_equal_points(rows) :]
    heads = [name.rjust(max(map(len, texts))) for name, *texts in numbers]
    shown = table(title, *head[: -len(heads)], *heads, padded=heads)
    for row in cells:
        shown.add_row(*row)
    return shown


def _head(rows: Rows, axes: list[Axis]) -> list[str]:
    return ["point", *(short_name(axis.name) for axis in axes), *rows.objectives, *["equal"] * _has_equal_points(rows)]


def _has_equal_points(rows: Rows) -> bool:
    return bool((rows.points["equal"] > 1).any())


def _cells(rows: Rows, axes: list[Axis]) -> Iterator[list[str]]:
    """The rows shown; the numbers of an objective have their points under each other."""
    shown = rows.points.head(SHOWN).to_dict("records")
    numbers = [_padded(name, [metric(name, r[column]) for r in shown]) for name, column in rows.objectives.items()]
    for record, *values in zip(shown, *numbers, strict=True):
        settings = (axis_value(axis, record[axis.name]) for axis in axes)
        equal = [str(record["equal"])] * _has_equal_points(rows)
        yield [str(record["point"]), *settings, *values, *equal]


def _padded(head: str, numbers: list[str]) -> list[str]:
    return [number.rjust(len(head)) for number in under_points(numbers)]


EFFECTS = ("mean", "least", "most")


def _effects(result: SweepResult, axes: list[Axis], objective: str) -> object:
    records = [(short_name(axis.name), record) for axis in axes for record in _few(effects(result, axis, objective))]
    if not any(record["settings"] for _, record in records):
        return f"What each axis does to {objective} is not told: no setting was priced at all values of an axis."
    numbers = [
        _padded(name, ["-" if r[name] is None else metric(objective, r[name]) for _, r in records]) for name in EFFECTS
    ]
    heads = [name.rjust(len(column[0])) for name, column in zip(EFFECTS, numbers, strict=True)]
    title = f"What each axis does to {objective}"
    shown = table(title, "axis", "value", "priced", "compared", *heads, padded=heads)
    shown.caption = "mean, least and most of the settings of the other axes at which all values were priced"
    shown.caption_justify = "left"
    for (axis, record), *values in zip(records, *numbers, strict=True):
        shown.add_row(axis, record["value"], str(record["points"]), str(record["settings"]), *values)
    return shown


def _few(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return records[:: max(1, -(-len(records) // SHOWN))]


def to_json(result: SweepResult, spec: SweepSpec) -> str:
    """Summary, best points and front as one JSON document."""
    tables = {name: json.loads(getattr(result, name).to_json(orient="records")) for name in ("best", "pareto")}
    fronts = {network: json.loads(front.to_json(orient="records")) for network, front in result.fronts.items()}
    alone = {"pareto_by_network": fronts} if fronts else {}
    return stamped_json({"summary": result.summary, **tables, **alone}, indent=None)


def to_csv(result: SweepResult, spec: SweepSpec) -> str:
    """The best points and those of the front, one line each; ``table`` says which."""
    rows = [
        {"table": name, **record}
        for name in ("best", "pareto")
        for record in json.loads(getattr(result, name).to_json(orient="records"))
    ]
    return csv_text([flat(row) for row in rows])


def sweep_markdown(result: SweepResult, spec: SweepSpec) -> str:
    """Counts, best points and front."""
    return _markdown(_counts(result, spec), result, _varied(spec), spec)


def search_markdown(result: SweepResult, spec: SearchSpec) -> str:
    """Counts, best candidates and front."""
    return _markdown(_evaluated(result, spec), result, _searched(spec), spec)


def _markdown(counts: str, result: SweepResult, axes: list[Axis], spec: SweepSpec) -> str:
    parts = [escaped(counts)]
    for title, rows in _tables(result, spec):
        cells = ([escaped(cell.strip()) for cell in row] for row in _cells(rows, axes))
        parts += [f"**{escaped(title)}**", markdown_table([escaped(word) for word in _head(rows, axes)], cells)]
    return "\n\n".join(parts) + "\n"
