"""The timeline: what runs when, and what each limit alone would have cost it; charts over time that zoom together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costsim.report.page.charts import (
    BAR_HEIGHT,
    SELECTION,
    TIME_AXIS_EXTENT,
    TIME_AXIS_TITLE,
    TIME_TIPS,
    ZOOM,
    colour,
    faded,
    tip,
)  # fmt: skip

Spec = dict[str, Any]

OPS_LANE, PREDICTED_LANE, MEASURED_LANE = "ops", "predicted", "measured"
"""The lane of ops, and what it is called where a lane of measured ones stands beside it."""
LEAST_CEILING_RATIO = 0.05
"""Ceilings below this share of their op's time are not drawn."""


def timeline_chart(classes: Mapping[str, str], limits: Mapping[str, str], measured: bool = False) -> Spec:
    """One lane of ops in their order, and under it a lane for every limit.

    A bar in a limit's lane is as dark as the time this limit alone would take over the time the op takes. Where a
    profile was given (``measured``), a lane of the ops as measured comes second, one behind the other.
    """
    ops_lanes = [PREDICTED_LANE, MEASURED_LANE] if measured else [OPS_LANE]
    timed: list[Spec] = [
        {"window": [{"op": "sum", "field": "ms", "as": "to_ms"}]},
        {"calculate": "datum.to_ms - datum.ms", "as": "from_ms"},
    ]
    extent = TIME_AXIS_EXTENT + TIME_AXIS_TITLE
    axis = {"ticks": False, "domain": False, "minExtent": extent, "maxExtent": extent}
    lane = {"field": "lane", "type": "nominal", "sort": [*ops_lanes, *limits], "title": None, "axis": axis}
    time = {
        "x": {"field": "from_ms", "type": "quantitative", "title": "time [ms]", "scale": {"nice": False}},
        "x2": {"field": "to_ms"},
        "y": lane,
    }
    mark = {"type": "rect", "cursor": "pointer", "clip": True, "style": "outline", "strokeWidth": 0.5}
    names = list(limits)
    ops = {
        "params": [ZOOM],
        "transform": [{"calculate": f"'{ops_lanes[0]}'", "as": "lane"}],
        "mark": mark,
        "encoding": time
        | {
            "color": colour("class", classes),
            "opacity": faded("row", 1),
            "tooltip": [tip("name", "op"), tip("class"), tip("block"), *TIME_TIPS, tip("bound", "bound by")],
        },
    }
    ceilings = {
        "transform": [
            {"flatten": ["ceilings"], "as": ["ceiling_ms"]},
            {"window": [{"op": "row_number", "as": "number"}], "groupby": ["row"]},
            {"calculate": f"{names!r}[datum.number - 1]", "as": "lane"},
            {"calculate": "datum.ms ? datum.ceiling_ms / datum.ms : 0", "as": "ratio"},
            {"filter": f"datum.ratio > {LEAST_CEILING_RATIO}"},
        ],
        "mark": mark,
        "encoding": time
        | {
            "color": {"field": "lane", "type": "nominal", "legend": None,
                      "scale": {"domain": names, "range": list(limits.values())}},
            "fillOpacity": {"field": "ratio", "type": "quantitative", "legend": None,
                            "scale": {"domain": [0, 1], "range": [0.05, 1], "clamp": True}},
            "opacity": faded("row", 1),
            "tooltip": [tip("name", "op"), tip("lane", "limit"), tip("ceiling_ms", "alone [ms]", ".3~g"),
                        tip("ratio", "of the op's time", ".0%"), tip("ms", "the op takes [ms]", ".3~g")],
        },
    }  # fmt: skip
    return {
        "params": [*SELECTION],
        "data": {"name": "ops"},
        "transform": timed,
        "height": (BAR_HEIGHT + 4) * (len(names) + len(ops_lanes)),
        "resolve": {"scale": {"color": "independent"}},
        "layer": [ops, *([_measured_ops(lane, mark, classes)] if measured else []), ceilings],
    }


def _measured_ops(lane: Spec, mark: Spec, classes: Mapping[str, str]) -> Spec:
    """The ops that the profile has, as long as they took, in the order of the network."""
    return {
        "transform": [
            {"filter": "isValid(datum.measured_ms)"},
            {"window": [{"op": "sum", "field": "measured_ms", "as": "measured_to_ms"}]},
            {"calculate": "datum.measured_to_ms - datum.measured_ms", "as": "measured_from_ms"},
            {"calculate": f"'{MEASURED_LANE}'", "as": "lane"},
            {"calculate": "datum.ms / datum.measured_ms", "as": "ratio"},
        ],
        "mark": mark,
        "encoding": {
            "x": {"field": "measured_from_ms", "type": "quantitative"},
            "x2": {"field": "measured_to_ms"},
            "y": lane,
            "color": colour("class", classes),
            "opacity": faded("row", 1),
            "tooltip": [tip("name", "op"), tip("class"), tip("block"), tip("measured_ms", "measured [ms]", ".4~g"),
                        tip("ms", "predicted [ms]", ".4~g"), tip("ratio", "predicted over measured", ".2f")],
        },
    }  # fmt: skip
