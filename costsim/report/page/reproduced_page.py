"""A reproduced paper as a page that opens offline, with a plot for each table that compares rows."""

from __future__ import annotations

from typing import Any

from costsim.report.page.html import environment
from costsim.report.verbs.reproduced import value
from costsim.reproduce import Reproduction, Row
from costsim.version import VERSION

SCRIPTS = ("charts.js",)

COLOURS = {"published": "#8a929c", "computed": "#0072B2"}


def page(paper: Reproduction, command: str = "") -> str:
    """Claims, tables and plots. ``command`` is the command line that made it."""
    compared = {f"table{index}": table for index, table in enumerate(paper.tables, start=1) if table.compared}
    specs = {name: _dots(name, len({row.label for row in table.rows})) for name, table in compared.items()}
    data = {name: [point for row in table.rows for point in _points(row)] for name, table in compared.items()}
    return environment().get_template("reproduction.html").render(
        paper=paper, charts=specs, payload={"specs": specs, "data": data}, scripts=SCRIPTS, value=value,
        command=command, version=VERSION,
    )  # fmt: skip


def _points(row: Row) -> list[dict[str, Any]]:
    ratios = (("published", row.published_ratio, row.published), ("computed", row.computed_ratio, row.computed))
    return [
        {"label": row.label, "what": what, "ratio": ratio, "value": number, "verdict": row.verdict.value}
        for what, ratio, number in ratios
        if ratio is not None
    ]


def _dots(name: str, rows: int) -> dict[str, Any]:
    """Published and computed ratios of each row, side by side on one line."""
    label = {"field": "label", "type": "nominal", "sort": None, "title": None}
    ratio = {
        "field": "ratio",
        "type": "quantitative",
        "title": "over the base row",
        "scale": {"zero": False, "padding": 12},
    }
    colour = {"domain": list(COLOURS), "range": list(COLOURS.values())}
    tips = [{"field": field, "type": kind} for field, kind in
            (("label", "nominal"), ("what", "nominal"), ("ratio", "quantitative"), ("value", "quantitative"),
             ("verdict", "nominal"))]  # fmt: skip
    return {
        "data": {"name": name},
        "height": 18 * rows,
        "encoding": {"y": label, "x": ratio},
        "layer": [
            {
                "mark": {"type": "line", "color": COLOURS["published"], "strokeWidth": 1},
                "encoding": {"detail": {"field": "label"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60},
                "encoding": {
                    "color": {
                        "field": "what",
                        "type": "nominal",
                        "scale": colour,
                        "legend": {"orient": "top", "title": None},
                    },
                    "shape": {"field": "what", "type": "nominal", "title": None},
                    "tooltip": tips,
                },
            },
        ],
    }
