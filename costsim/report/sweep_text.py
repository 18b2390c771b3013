"""A sweep in the terminal: the best points and what each axis does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Console

from costsim.report.text import table
from costsim.report.words import axis_value, metric, short_name

if TYPE_CHECKING:
    import pandas as pd

    from costsim.sweep.axes import Axis
    from costsim.sweep.run import SweepResult
    from costsim.sweep.search import SearchSpec
    from costsim.sweep.spec import SweepSpec

SHOWN = 10


def print_sweep(result: SweepResult, spec: SweepSpec) -> None:
    """Counts, best points, front, effect of each axis."""
    console = Console(highlight=False)
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in result.summary["outcomes"].items() if count)
    console.print(f"{spec.space.points:,} points of {spec.space.combinations:,}: {counts}")
    console.print(f"bound by {_bounds(result)}\n")
    axes = [axis for axis in spec.space.axes if len(axis.values) > 1]
    _print_best(console, result, axes, spec)
    console.print(_effects(result, axes, next(iter(spec.objectives))), "")
    console.print(f"tables in {result.folder}")


def _bounds(result: SweepResult) -> str:
    """What points spend most of their time under, the commonest first."""
    counts: dict[str, int] = result.summary["bounds"]
    commonest = sorted(counts, key=lambda name: -counts[name])
    return ", ".join(f"{name} {counts[name] / sum(counts.values()):.0%}" for name in commonest)


def print_search(result: SweepResult, spec: SearchSpec) -> None:
    """Counts, best candidates, front."""
    console = Console(highlight=False)
    found = result.summary
    console.print(
        f"{found['evaluations']:,} of {found['combinations']:,} candidates priced on {_devices(spec)}: "
        f"{found['outcomes']['priced']:,} keep the constraints\n"
    )
    axes = [axis for axis in spec.space.axes if len(axis.values) > 1 and axis.name != "hw"]
    _print_best(console, result, axes, spec)
    console.print(f"tables in {result.folder}")


def _devices(spec: SearchSpec) -> str:
    return ", ".join(next(axis.values for axis in spec.space.axes if axis.name == "hw"))


def _print_best(console: Console, result: SweepResult, axes: list[Axis], spec: SweepSpec) -> None:
    objective, direction = next(iter(spec.objectives.items()))
    console.print(_rows(f"{'Lowest' if direction == 'min' else 'Highest'} {objective}", result.best, axes, spec), "")
    if len(spec.objectives) > 1:
        title = f"Pareto front of {', '.join(spec.objectives)}: {len(result.pareto)} points"
        console.print(_rows(title, result.pareto, axes, spec), "")


def _rows(title: str, rows: pd.DataFrame, axes: list[Axis], spec: SweepSpec) -> object:
    shown = table(title, "point", *(short_name(axis.name) for axis in axes), *spec.objectives)
    for record in rows.head(SHOWN).to_dict("records"):
        values = (axis_value(axis, record[axis.name]) for axis in axes)
        shown.add_row(str(record["point"]), *values, *(metric(name, record[name]) for name in spec.objectives))
    return shown


def _effects(result: SweepResult, axes: list[Axis], objective: str) -> object:
    shown = table(f"What each axis does to {objective}", "axis", "value", "mean", "least", "most")
    for axis in axes:
        effects = list(result.summary["effect"][objective][axis.name].items())
        for value, (count, whole, low, high) in effects[:: max(1, -(-len(effects) // SHOWN))]:
            numbers = (metric(objective, number) for number in (whole / count, low, high))
            shown.add_row(short_name(axis.name), axis_value(axis, value), *numbers)
    return shown


def sweep_json(result: SweepResult) -> str:
    """The same as one JSON document."""
    tables = {name: json.loads(getattr(result, name).to_json(orient="records")) for name in ("best", "pareto")}
    return json.dumps({"schema_version": 1, "summary": result.summary, **tables}, allow_nan=False)
