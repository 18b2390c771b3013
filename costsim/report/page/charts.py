"""The page's charts as Vega-Lite specifications: plain dicts, their data by name.

Fonts and the colours of axes come from the page's style sheet when a chart is drawn, so that
light, dark and print differ there alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Spec = dict[str, Any]

BAR_HEIGHT = 22
LABEL_ROOM_RATIO = 1.28
"""Axis length over the longest bar, for the label behind it."""
ROOF_COLOUR, PLAIN_COLOUR, PICKED_COLOUR = "#8a929c", "#0072B2", "#D55E00"
OFFCHIP_COLOURS = {"weights": "#CC79A7", "activations": "#D55E00"}
ARENA_COLOURS = {"maps": "#0072B2", "scratch": "#E69F00", "kept": "#888888"}
MODE_COLOURS = {"resident": "#0072B2", "streamed": "#56B4E9", "tiled": "#E69F00", "host": "#888888",
                "activations": PLAIN_COLOUR}  # fmt: skip
KIND_SHAPES = {"macs": "circle", "vector": "diamond", "copy": "square"}


ZOOM: Spec = {
    "name": "zoom",
    "select": {"type": "interval", "encodings": ["x"], "zoom": "wheel![event.ctrlKey || event.metaKey]"},
    "bind": "scales",
}
"""Dragging moves the time axis, the wheel with Ctrl widens it; the page keeps all charts with it at one range."""

TIME_AXIS_EXTENT = 96
"""Room left of charts over time, the same in all, so that they line up."""

TIME_AXIS_TITLE = 17
"""What the title of an axis adds to that room; the lanes of the timeline have none."""

SELECTION: list[Spec] = [{"name": "kept", "value": None}, {"name": "picked", "value": -1}]
"""What the layer table shows, as ``{field: {value: true}}`` or null for everything, and the row that was picked."""


def faded(field: str, opacity: float) -> Spec:
    """The opacity of a mark: those of which the table shows nothing stand back."""
    return {"condition": {"test": f"!kept || kept.{field}[datum.{field}]", "value": opacity}, "value": 0.2 * opacity}


def roofline_chart(levels: list[str], colours: Mapping[str, str], whole: bool) -> Spec:
    """Speed over arithmetic intensity, one memory level at a time; ``whole``: of whole numbers, not floating point."""
    unit = "OP" if whole else "FLOP"
    of_level = [{"filter": "datum.level == level"}]
    x = {
        "field": "x",
        "type": "quantitative",
        "scale": {"type": "log", "nice": False},
        "title": f"{unit} per byte moved",
    }
    y = {"field": "y", "type": "quantitative", "scale": {"type": "log"}, "title": f"G{unit}/s"}
    line = {
        "data": {"name": "roofs"},
        "transform": of_level,
        "mark": {"type": "line", "strokeWidth": 2, "color": ROOF_COLOUR},
        "encoding": {"x": x, "y": y, "detail": {"field": "roof"}},
    }
    name = {
        "data": {"name": "roofs"},
        "transform": [
            *of_level,
            {"window": [{"op": "row_number", "as": "corner"}], "groupby": ["roof"]},
            {"filter": "datum.corner == 2"},
            {"calculate": "datum.roof == 'bandwidth' ? level + ' ' + datum.text : datum.text", "as": "text"},
        ],
        "layer": [
            {"transform": [{"filter": f"datum.roof == '{roof}'"}],
             "mark": {"type": "text", "align": "right", "dy": dy, "dx": dx, "style": "label"}}
            for roof, dx, dy in (("bandwidth", -14, -9), ("arithmetic", -4, -20))
        ],
        "encoding": {"x": x, "y": y, "text": {"field": "text"}},
    }  # fmt: skip
    points = {
        "data": {"name": "points"},
        "transform": [
            *of_level,
            {"lookup": "row", "from": {"data": {"name": "ops"}, "key": "row", "fields": _OP_FIELDS}},
        ],
        "mark": {"type": "point", "filled": True, "cursor": "pointer"},
        "encoding": {
            "opacity": faded("row", 0.75),
            "stroke": {"condition": {"test": "datum.row === picked", "value": PICKED_COLOUR}, "value": None},
            "strokeWidth": {"value": 3},
            "x": x,
            "y": y,
            "size": {
                "field": "share",
                "type": "quantitative",
                "legend": None,
                "scale": {"range": [16, 900], "zero": True},
            },
            "color": colour("class", colours),
            "shape": {
                "field": "kind",
                "legend": None,
                "scale": {"domain": list(KIND_SHAPES), "range": list(KIND_SHAPES.values())},
            },
            "order": {"field": "share", "sort": "descending"},
            "tooltip": [
                tip("name", "op"),
                tip("class"),
                tip("block"),
                *TIME_TIPS,
                tip("bound", "bound by"),
                tip("gflops_per_s", f"reached [G{unit}/s]", ".3~g"),
                tip("gbytes_per_s", "moved [GB/s]", ".3~g"),
            ],
        },
    }
    return {
        "params": [{"name": "level", "value": levels[0]}, *SELECTION],
        "height": 380,
        "layer": [line, name, points],
    }


def group_bars(data: str, field: str, colours: Mapping[str, str], records: list[Spec]) -> Spec:
    """Time per group, costliest first, each bar labelled with its share."""
    y = {"field": field, "type": "nominal", "sort": None, "title": None, "axis": {"ticks": False, "domain": False}}
    room = LABEL_ROOM_RATIO * max(record["ms"] for record in records)
    x = _TIME | {"scale": {"domain": [0, room], "nice": False}}
    text = {
        "mark": {"type": "text", "align": "left", "dx": 5},
        "encoding": {"text": {"field": "share", "format": ".1%"}},
    }
    bar = {
        "mark": {"type": "bar", "cursor": "pointer"},
        "encoding": {"color": colour(field, colours), "opacity": faded(field, 1), "tooltip": _group_tips(field)},
    }
    return {
        "params": SELECTION,
        "data": {"name": data},
        "height": BAR_HEIGHT * len(records),
        "encoding": {"x": x, "y": y},
        "layer": [bar, text],
    }


def block_bars(data: str, field: str, colours: Mapping[str, str], rows: int) -> Spec:
    """Time per block in execution order, split by op class."""
    return {
        "params": SELECTION,
        "data": {"name": data},
        "height": BAR_HEIGHT * rows,
        "mark": {"type": "bar", "cursor": "pointer"},
        "encoding": {
            "opacity": faded(field, 1),
            "y": {"field": field, "type": "nominal", "sort": None, "title": None},
            "x": _TIME | {"stack": "zero", "axis": {"orient": "top"}},
            "color": colour("class", colours),
            "order": {"field": "order", "type": "quantitative"},
            "tooltip": [tip(field), tip("class"), tip("ops"), *TIME_TIPS],
        },
    }  # fmt: skip


def change_bars(data: str, records: list[Spec]) -> Spec:
    """Latency after each change, the fastest first, under the latency as it is."""
    room = LABEL_ROOM_RATIO * max(record["ms"] for record in records)
    unchanged = f"datum.change == '{records[0]['change']}'"
    bar = {
        "mark": "bar",
        "encoding": {
            "color": {"condition": {"test": unchanged, "value": ROOF_COLOUR}, "value": PLAIN_COLOUR},
            "tooltip": [tip("change"), tip("ms", "latency [ms]", ".3~g"), tip("speedup", "times as fast", ".2f")],
        },
    }
    label = {
        "transform": [
            {"calculate": f"{unchanged} || !datum.speedup ? '' : format(datum.speedup, '.2f') + ' x'", "as": "text"}
        ],
        "mark": {"type": "text", "align": "left", "dx": 5},
        "encoding": {"text": {"field": "text"}},
    }
    return {
        "data": {"name": data},
        "height": BAR_HEIGHT * len(records),
        "encoding": {
            "y": {"field": "change", "type": "nominal", "sort": None, "title": None, "axis": {"ticks": False}},
            "x": _TIME | {"title": "latency [ms]", "scale": {"domain": [0, room], "nice": False}},
        },
        "layer": [bar, label],
    }


def along_chart(limits: Mapping[str, str]) -> Spec:
    """Latency and its interval at every setting of one slider, coloured by what bounds; the page fills in ``along``."""
    y = {"field": "ms", "type": "quantitative", "title": "latency [ms]"}
    return {
        "data": {"name": "along"},
        "height": 190,
        "encoding": {
            "x": {"field": "setting", "type": "nominal", "sort": None, "title": None, "axis": {"labelAngle": 0}},
            "tooltip": [
                tip("slider"), tip("setting"), tip("said", "latency"), tip("interval"), tip("bound", "bound by"),
            ],
        },
        "layer": [
            {
                "mark": {"type": "bar", "cursor": "pointer"},
                "encoding": {
                    "y": y,
                    "color": colour("bound", limits) | {"legend": {"orient": "top", "title": "bound by"}},
                    "opacity": {"condition": {"test": "datum.here", "value": 1}, "value": 0.45},
                },
            },
            {
                "mark": {"type": "rule", "color": ROOF_COLOUR, "strokeWidth": 2},
                "encoding": {"y": y | {"field": "low_ms"}, "y2": {"field": "high_ms"}},
            },
            {"mark": {"type": "text", "dy": -7}, "encoding": {"y": y | {"field": "top"}, "text": {"field": "said"}}},
        ],
    }  # fmt: skip


def memory_chart(planned: bool, modes: Collection[str], sized: bool, peak_bytes: float) -> Spec:
    """Bytes held over time, a bar per fused group or op, coloured by those ``modes`` that there are.

    The sizes of the memories are lines above, where any has one (``sized``).
    """
    unit, scaled = _byte_scale(peak_bytes)
    tips = [tip("name", "group" if planned else "op"), tip("scaled", f"held [{unit}]", ".4~g")]
    if planned:
        tips += [tip("mode"), tip("ops"), tip("spilled_bytes", "activations off chip [B]", ".4~s")]
    colours = {mode: colour for mode, colour in MODE_COLOURS.items() if mode in modes}
    bars = _time_bars("held", "mode", colours, tips, unit) | {"transform": scaled}
    size: Spec = {"y": {"field": "scaled", "type": "quantitative"}}
    line = {"mark": {"type": "rule", "color": ROOF_COLOUR, "strokeWidth": 2, "strokeDash": [6, 3]}, "encoding": size}
    name = {
        "mark": {"type": "text", "align": "right", "dx": -4, "dy": -8, "style": "label"},
        "encoding": size | {"x": {"value": "width"}, "text": {"field": "memory"}},
    }
    sizes = [{"data": {"name": "capacities"}, "transform": scaled, **layer} for layer in (line, name)]
    live = {
        "data": {"name": "alive"},
        "transform": scaled,
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 1.5, "color": ROOF_COLOUR},
        "encoding": {"x": {"field": "from_ms", "type": "quantitative"}, "y": size["y"]},
    }
    return {
        "height": 200,
        "params": SELECTION,
        "layer": [bars, *([live] if planned else []), *(sizes if sized else [])],
    }


def arena_chart(end_bytes: float) -> Spec:
    """What lies where in the arena while the network runs: a block as wide as it lives, as high as it is large."""
    unit, scaled = _byte_scale(end_bytes)
    divisor = 2**20 if unit == "MiB" else 2**10
    ends = [{"calculate": f"datum.{end}_bytes / {divisor}", "as": f"{end}_scaled"} for end in ("from", "to")]
    tips = [tip("name", "block"), tip("holds"), tip("scaled", f"size [{unit}]", ".4~g")]
    tips.append(tip("from_scaled", f"offset [{unit}]", ".4~g"))
    blocks = _time_bars("arena", "holds", ARENA_COLOURS, tips, unit)
    encoding = blocks["encoding"] | {
        "y": blocks["encoding"]["y"] | {"field": "from_scaled"},
        "y2": {"field": "to_scaled"},
        "opacity": {"value": 1},  # a block outlives the op that made it: no choice of ops fades it
    }
    return {"height": 240, "params": SELECTION, "layer": [blocks | {"transform": scaled + ends, "encoding": encoding}]}


def offchip_chart(peak_bytes: float) -> Spec:
    """Bytes each op moves off chip, where it runs on the same time axis."""
    unit, scaled = _byte_scale(peak_bytes)
    tips = [tip("name", "op"), tip("kind"), tip("scaled", f"moved [{unit}]", ".4~g")]
    bars = _time_bars("offchip", "kind", OFFCHIP_COLOURS, tips, unit) | {"transform": scaled}
    return {"height": 110, "params": SELECTION, "layer": [bars]}


def _byte_scale(peak_bytes: float) -> tuple[str, list[Spec]]:
    """The unit that suits the largest value, and the transform that gives ``scaled`` in it."""
    unit, divisor = ("MiB", 2**20) if peak_bytes >= 2**20 else ("KiB", 2**10)
    return unit, [{"calculate": f"datum.bytes / {divisor}", "as": "scaled"}]


def _time_bars(data: str, field: str, colours: Mapping[str, str], tips: list[Spec], unit: str) -> Spec:
    """Bars as wide as their op or group takes, as high as its bytes."""
    legend = {"legend": {"orient": "top", "title": None}} if len(colours) > 1 else {}
    return {
        "data": {"name": data},
        "params": [ZOOM],
        "mark": {"type": "rect", "cursor": "pointer", "clip": True, "style": "outline", "strokeWidth": 0.5},
        "encoding": {
            "x": {"field": "from_ms", "type": "quantitative", "title": "time [ms]", "scale": {"nice": False}},
            "x2": {"field": "to_ms"},
            "y": {
                "field": "scaled",
                "type": "quantitative",
                "title": unit,
                "axis": {"tickCount": 5, "minExtent": TIME_AXIS_EXTENT},
            },
            "y2": {"datum": 0},
            "opacity": faded("row", 1),
            "color": colour(field, colours) | legend,
            "tooltip": tips,
        },
    }


def _group_tips(field: str) -> list[Spec]:
    return [
        tip(field),
        tip("ops"),
        *TIME_TIPS,
        tip("macs", "MACs", ".4~s"),
        tip("dram_bytes", "DRAM [B]", ".4~s"),
    ]


def colour(field: str, colours: Mapping[str, str]) -> Spec:
    """A nominal field in fixed colours, without a legend."""
    scale = {"domain": list(colours), "range": list(colours.values())}
    return {"field": field, "type": "nominal", "legend": None, "scale": scale}


def tip(field: str, title: str = "", number_format: str = "") -> Spec:
    """One line of a tooltip."""
    return {"field": field, "title": title or field} | ({"format": number_format} if number_format else {})


_TIME = {"field": "ms", "type": "quantitative", "title": "time [ms]"}
TIME_TIPS = [tip("ms", "time [ms]", ".3~g"), tip("share", "share of time", ".1%")]
_OP_FIELDS = ["name", "class", "block", "ms", "share", "bound"]
