"""A sweep as a page that opens offline: the front with its intervals, parallel coordinates, the effect of each axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from costsim.report.page.charts import BAR_HEIGHT, PLAIN_COLOUR, ROOF_COLOUR, Spec, tip
from costsim.report.page.datasets import finite
from costsim.report.page.html import environment
from costsim.report.words import axis_value, metric, short_name
from costsim.sweep.alone import simulate_point
from costsim.sweep.axes import Axis
from costsim.sweep.run import SweepResult
from costsim.sweep.spec import SweepSpec
from costsim.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

Record = dict[str, Any]

SCRIPTS = ("charts.js",)

MOST_LINES = 200
"""Points in the parallel coordinates: the front first, then the best of the first objective."""

RUN_OPTIONS = {"batch": "--batch", "threads": "--threads", "dtype": "--dtype"}


def page(result: SweepResult, spec: SweepSpec, command: str = "") -> str:
    """The whole sweep. ``command`` is the command line that made it."""
    axes = [axis for axis in spec.space.axes if len(axis.values) > 1]
    front = front_points(result, spec)
    best = [_point(record, spec) for record in equal_once(result.best, spec).to_dict("records")]
    chosen = list({p["point"]: p for p in [*front, *best]}.values())[:MOST_LINES]
    data, charts = {"front": finite(front)}, {}
    if len(spec.objectives) > 1:
        charts["front"] = _front_chart(*list(spec.objectives)[:2])
    if len(chosen) > 1:
        columns = [*(short_name(axis.name) for axis in axes), *spec.objectives]
        data["coordinates"] = finite(_coordinates(chosen, axes, list(spec.objectives)))
        charts["coordinates"] = _coordinates_chart(columns)
    objective = next(iter(spec.objectives))
    for index, axis in enumerate(axes):
        data[f"effect{index}"] = finite(effects(result, axis, objective))
        charts[f"effect{index}"] = _effect_chart(f"effect{index}", axis, objective)
    return environment().get_template("sweep.html").render(
        spec=spec, summary=result.summary, axes=axes, front=front, best=best, charts=charts, objective=objective,
        show=axis_value, short=short_name, metric=metric, commands={p["point"]: _command(p, spec) for p in chosen},
        payload={"specs": charts, "data": data}, scripts=SCRIPTS, command=command, version=VERSION,
    )  # fmt: skip


def equal_once(rows: pd.DataFrame, spec: SweepSpec) -> pd.DataFrame:
    """One point of those that are equal in all objectives, the best of the first one first; ``equal`` counts them."""
    objectives = list(spec.objectives)
    found = (
        rows.assign(equal=rows.groupby(objectives)["point"].transform("size")) if len(rows) else rows.assign(equal=1)
    )
    ascending = spec.objectives[objectives[0]] == "min"
    return found.drop_duplicates(objectives).sort_values(objectives[0], ascending=ascending, kind="stable")


def front_points(result: SweepResult, spec: SweepSpec) -> list[Record]:
    """The Pareto front, latencies with their intervals, equal points once."""
    return [_point(record, spec) for record in equal_once(result.pareto, spec).to_dict("records")]


def _point(record: Mapping[Any, Any], spec: SweepSpec) -> Record:
    """One row of the tables, its latency with its interval; one without an upper end reaches to the prediction."""
    trusts = [made.trust for made in simulate_point(spec, int(record["point"]))]
    trust = max(trusts, key=lambda one: one.high_ratio / one.low_ratio)  # a mean is known as its least known part is
    low, high = trust.ends(float(record["latency_ms"]))
    record = {"network": ", ".join(spec.workload or ()), **record}
    kept = ("point", "network", "hw", *(axis.name for axis in spec.space.axes), *spec.objectives, "latency_ms", "equal")
    plain = {name: record[name].item() if hasattr(record[name], "item") else record[name] for name in kept}
    return {**plain, "latency_low_ms": low, "latency_high_ms": high or plain["latency_ms"], "trust": trust.status}


def _command(point: Record, spec: SweepSpec) -> str:
    """The command line of the point's own report; empty where an axis has no option, and for a workload."""
    if spec.workload is not None:
        return ""
    parts = ["costsim analyze", str(point["network"]), "--hw", str(point["hw"])]
    for axis in spec.space.axes:
        value = point[axis.name]
        if axis.name in RUN_OPTIONS:
            parts += [RUN_OPTIONS[axis.name], str(value)]
        elif axis.name == "input_size":
            parts += ["--input-size", f"3x{value}x{value}"]
        elif axis.name.startswith("network."):
            return ""
        elif axis.name not in ("network", "hw"):
            parts += ["--set", f"'{axis.name}={value!r} {axis.unit}'" if axis.unit else f"{axis.name}={value}"]
    return " ".join([*parts, "--html report.html"])


def _front_chart(first: str, second: str) -> Spec:
    """The front over two objectives, latency with its interval."""
    x, y = (
        {"field": name, "type": "quantitative", "title": name, "scale": {"zero": False}, "axis": {"format": "~s"}}
        for name in (first, second)
    )
    tips = [
        tip("point"),
        tip("network"),
        tip("hw"),
        tip(first, number_format=".4~s"),
        tip(second, number_format=".4~s"),
    ]
    latency = {"x": x, "y": y}
    axis = {first: "x", second: "y"}.get("latency_ms")
    interval = (
        latency | {axis: latency[axis] | {"field": "latency_low_ms"}, f"{axis}2": {"field": "latency_high_ms"}}
        if axis
        else {}
    )
    rules = [{"mark": {"type": "rule", "color": ROOF_COLOUR, "opacity": 0.6, "strokeWidth": 3}, "encoding": interval}]
    points = {
        "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1, "color": PLAIN_COLOUR},
        "encoding": latency | {"tooltip": tips},
    }
    line = {"mark": {"type": "line", "color": ROOF_COLOUR, "strokeDash": [4, 3]}, "encoding": latency | {"order": x}}
    return {"data": {"name": "front"}, "height": 320, "layer": [line, *(rules if axis else []), points]}


def _coordinates(points: Sequence[Record], axes: Sequence[Axis], objectives: Sequence[str]) -> list[Record]:
    """Every point on every axis, between 0 and 1: axis values by rank, objectives by size."""
    records = []
    for axis in axes:
        ranks = {str(value): rank for rank, value in enumerate(axis.values)}
        for p in points:
            at = ranks.get(str(p[axis.name]), 0) / (len(axis.values) - 1)
            records.append(
                {
                    "point": p["point"],
                    "column": short_name(axis.name),
                    "at": at,
                    "value": axis_value(axis, p[axis.name]),
                }
            )
    for name in objectives:
        least, most = min(p[name] for p in points), max(p[name] for p in points)
        for p in points:
            at = (p[name] - least) / (most - least) if most > least else 0.5
            records.append({"point": p["point"], "column": name, "at": at, "value": metric(name, p[name])})
    first = {r["point"]: r["at"] for r in records if r["column"] == objectives[0]}
    return [r | {"first": first[r["point"]]} for r in records]


def _coordinates_chart(columns: Sequence[str]) -> Spec:
    x = {
        "field": "column",
        "type": "nominal",
        "sort": list(columns),
        "title": None,
        "axis": {"labelAngle": -20, "grid": True},
    }
    y = {"field": "at", "type": "quantitative", "title": None, "axis": None}
    shade = {"field": "first", "type": "quantitative", "scale": {"scheme": "viridis"}, "legend": None}
    return {
        "data": {"name": "coordinates"},
        "height": 300,
        "encoding": {"x": x, "y": y, "detail": {"field": "point"}},
        "layer": [
            {"mark": {"type": "line", "opacity": 0.7, "strokeWidth": 2}, "encoding": {"color": shade}},
            {
                "mark": {"type": "point", "filled": True, "size": 30},
                "encoding": {"color": shade, "tooltip": [tip("point"), tip("column", "axis"), tip("value")]},
            },
        ],
    }


def effects(result: SweepResult, axis: Axis, objective: str) -> list[Record]:
    """Mean, least and most of the objective at every value of the axis, over the settings all its values share.

    Null where no setting is shared; ``points`` were priced at the value, ``settings`` are compared.
    """
    effect, compared = (result.summary[name][objective][axis.name] for name in ("effect", "compared"))
    records = []
    for value, (count, *_) in sorted(effect.items(), key=lambda item: _order(axis, item[0])):
        mean, least, most = compared["values"].get(value, (None, None, None))
        numbers = {"mean": mean, "least": least, "most": most, "points": count, "settings": compared["settings"]}
        records.append({"value": axis_value(axis, value), **numbers})
    return records


def _order(axis: Axis, value: Any) -> int:
    names = [str(v) for v in axis.values]
    return names.index(str(value)) if str(value) in names else len(names)


def _effect_chart(name: str, axis: Axis, objective: str) -> Spec:
    x = {"type": "quantitative", "title": objective, "scale": {"zero": False}, "axis": {"format": "~s"}}
    low_high = {"x": x | {"field": "least"}, "x2": {"field": "most"}}
    tips = [tip("value", axis.name), tip("mean", number_format=".4~s"), tip("least", number_format=".4~s"),
            tip("most", number_format=".4~s"), tip("points"), tip("settings", "settings compared")]  # fmt: skip
    return {
        "data": {"name": name},
        "height": BAR_HEIGHT * min(len(axis.values), 40),
        "encoding": {"y": {"field": "value", "type": "nominal", "sort": None, "title": None}},
        "layer": [
            {"mark": {"type": "rule", "strokeWidth": 4, "color": ROOF_COLOUR, "opacity": 0.5}, "encoding": low_high},
            {
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1, "color": PLAIN_COLOUR},
                "encoding": {"x": x | {"field": "mean"}, "tooltip": tips},
            },
        ],
    }
