"""The timeline: what runs when, and what each limit alone would have cost it; charts over time that zoom together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costsim.report.page.charts import BAR_HEIGHT, SELECTION, TIME_AXIS_EXTENT, TIME_TIPS, ZOOM, colour, faded, tip

Spec = dict[str, Any]

OPS_LANE = "ops"
LEAST_CEILING_RATIO = 0.05
"""Ceilings below this share of their op's time are not drawn."""


def timeline_chart(classes: Mapping[str, str], limits: Mapping[str, str]) -> Spec:
    """One lane of ops in their order, and under it a lane for every limit.

    A bar in a limit's lane is as dark as the time this limit alone would take over the time the op takes.
    """
    timed: list[Spec] = [
        {"window": [{"op": "sum", "field": "ms", "as": "to_ms"}]},
        {"calculate": "datum.to_ms - datum.ms", "as": "from_ms"},
    ]
    axis = {"ticks": False, "domain": False, "minExtent": TIME_AXIS_EXTENT, "maxExtent": TIME_AXIS_EXTENT}
    lane = {"field": "lane", "type": "nominal", "sort": [OPS_LANE, *limits], "title": None, "axis": axis}
    time = {
        "x": {"field": "from_ms", "type": "quantitative", "title": "time [ms]", "scale": {"nice": False}},
        "x2": {"field": "to_ms"},
        "y": lane,
    }
    mark = {"type": "rect", "cursor": "pointer", "clip": True, "style": "outline", "strokeWidth": 0.5}
    names = list(limits)
    ops = {
        "params": [ZOOM],
        "transform": [{"calculate": f"'{OPS_LANE}'", "as": "lane"}],
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
        "height": (BAR_HEIGHT + 4) * (len(names) + 1),
        "resolve": {"scale": {"color": "independent"}},
        "layer": [ops, ceilings],
    }
