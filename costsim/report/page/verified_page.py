"""A network held against what is executed, as a page that opens offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costsim.report.page.charts import tip
from costsim.report.page.html import environment
from costsim.report.verbs.verified import compared, executed, quantities
from costsim.version import VERSION

if TYPE_CHECKING:
    from costsim.reference.judge import Judgement
    from costsim.reference.outputs import Outputs
    from costsim.timed import Timed

SCRIPTS = ("charts.js",)

SMALLEST = 1e-9
"""Differences below this, none at all among them, are drawn at it: the axis is logarithmic."""

AGREES, DIFFERS = "#0072B2", "#D55E00"


def page(found: Judgement, times: Timed | None = None, command: str = "") -> str:
    """Counts, differences of every layer's tensor, times, and a table of all layers."""
    specs: dict[str, Any] = {}
    data: dict[str, list[dict[str, Any]]] = {}
    if found.outputs is not None and found.outputs.held:
        specs["outputs"], data["outputs"] = _differences("outputs"), _points(found.outputs)
    if times is not None:
        specs["times"] = _times("times")
        data["times"] = [
            vars(op) | {"layers": len(op.layers)} for op in times.ops if op.measured_ms and op.predicted_ms
        ]
    differs = {check.name: check for check in found.outputs.checks} if found.outputs else {}
    return environment().get_template("verified.html").render(
        found=found, times=times, quantities=quantities(found), executed=executed(found), of_output=differs,
        compared=compared(found.outputs) if found.outputs else [], charts=specs,
        payload={"specs": specs, "data": data}, scripts=SCRIPTS, command=command, version=VERSION,
    )  # fmt: skip


def _points(outputs: Outputs) -> list[dict[str, Any]]:
    return [
        {
            "place": place,
            "layer": check.name,
            "op": check.op,
            "difference": min(max(check.difference or 0.0, SMALLEST), 1.0),
            "said": "agrees" if check.agrees else "differs",
        }
        for place, check in enumerate(outputs.held)
    ]


def _differences(name: str) -> dict[str, Any]:
    """A dot a layer, in execution order."""
    colour = {"domain": ["agrees", "differs"], "range": [AGREES, DIFFERS]}
    return {
        "data": {"name": name},
        "height": 200,
        "mark": {"type": "point", "filled": True, "size": 36},
        "encoding": {
            "x": {"field": "place", "type": "quantitative", "title": "layer, in execution order"},
            "y": {
                "field": "difference", "type": "quantitative", "title": "of the largest magnitude",
                "scale": {"type": "log", "domain": [SMALLEST, 1.0]}, "axis": {"format": ".0e", "tickCount": 10},
            },
            "color": {"field": "said", "type": "nominal", "scale": colour, "legend": {"orient": "top", "title": None}},
            "tooltip": [tip("layer"), tip("op"), tip("difference", "difference", ".2e")],
        },
    }  # fmt: skip


def _times(name: str) -> dict[str, Any]:
    """Predicted over measured time of every op."""
    axis = {"type": "quantitative", "scale": {"type": "log"}}
    return {
        "data": {"name": name},
        "height": 280,
        "mark": {"type": "point", "filled": True, "size": 40, "color": AGREES},
        "encoding": {
            "x": {"field": "measured_ms", "title": "measured [ms]", **axis},
            "y": {"field": "predicted_ms", "title": "predicted [ms]", **axis},
            "tooltip": [
                tip("name", "op"),
                tip("measured_ms", "measured [ms]", ".3~g"),
                tip("predicted_ms", "predicted [ms]", ".3~g"),
            ],
        },
    }  # fmt: skip
