"""Static pictures of a sweep: its Pareto front, and what each axis does to the first objective."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from costsim.report.page.charts import PLAIN_COLOUR, ROOF_COLOUR
from costsim.report.page.swept_page import effects, front_points
from costsim.report.pictures.plots import save_figures, unmarked
from costsim.report.words import short_name
from costsim.sweep.axes import Axis
from costsim.sweep.run import SweepResult
from costsim.sweep.spec import SweepSpec

MOST_LABEL_LETTERS = 60
"""Longer tick labels are turned, so that they do not run into each other."""


def save_sweep_plots(result: SweepResult, spec: SweepSpec, folder: str | Path, style: str | None = None) -> list[Path]:
    """Write ``pareto`` and an ``effect-AXIS`` for each axis, as PNG and SVG, into ``folder``, which is made.

    Raises:
        InputError: it cannot be written, or the style is none.
    """
    drawings: dict[str, Callable[[Axes], None]] = {}
    if len(spec.objectives) > 1:
        drawings["pareto"] = partial(draw_front, result, spec)
    objective = next(iter(spec.objectives))
    for axis in spec.space.axes:
        if len(axis.values) > 1:
            drawings[f"effect-{short_name(axis.name)}"] = partial(draw_effect, result, axis, objective)
    return save_figures(drawings, f"{spec.space.points:,} points", folder, style)


def draw_front(result: SweepResult, spec: SweepSpec, axes: Axes) -> None:
    """The front over the first two objectives, latency with its interval."""
    first, second = list(spec.objectives)[:2]
    points = sorted(front_points(result, spec), key=lambda p: p[first])
    xs, ys = [p[first] for p in points], [p[second] for p in points]
    axes.plot(xs, ys, "--", color=ROOF_COLOUR, linewidth=1)
    if "latency_ms" in (first, second):
        below = [p["latency_ms"] - p["latency_low_ms"] for p in points]
        above = [p["latency_high_ms"] - p["latency_ms"] for p in points]
        x_interval, y_interval = ([below, above], None) if first == "latency_ms" else (None, [below, above])
        axes.errorbar(xs, ys, y_interval, x_interval, fmt="none", ecolor=ROOF_COLOUR, elinewidth=2, alpha=0.6)
    axes.plot(xs, ys, "o", color=PLAIN_COLOUR)
    axes.set(xlabel=first, ylabel=second)
    for axis, values in ((axes.xaxis, xs), (axes.yaxis, ys)):
        if max(values) >= 1e4:
            axis.set_major_formatter(EngFormatter())
    axes.grid(color="#dddddd", linewidth=0.5)


def draw_effect(result: SweepResult, axis: Axis, objective: str, axes: Axes) -> None:
    """Mean of the objective at every value of the axis, from least to most, over the settings all values share."""
    records = effects(result, axis, objective)
    everywhere = [r["value"] for r in records]
    records = [r for r in records if r["mean"] is not None]
    names = [unmarked(r["value"]) for r in records]
    axes.vlines(names, [r["least"] for r in records], [r["most"] for r in records], color=ROOF_COLOUR, linewidth=3)
    axes.plot(names, [r["mean"] for r in records], "o", color=PLAIN_COLOUR)
    axes.set(xlabel=axis.name, ylabel=objective, ylim=(0, None))
    axes.grid(axis="y", color="#dddddd", linewidth=0.5)
    if not names:
        axes.set_title(f"no setting was priced at all of {unmarked(', '.join(everywhere))}", fontsize="small")
    elif records[0]["settings"] < max(r["points"] for r in records):
        axes.set_title(f"{records[0]['settings']:,} settings that all values share", fontsize="small")
    if sum(map(len, names)) > MOST_LABEL_LETTERS:
        axes.tick_params("x", rotation=30)
