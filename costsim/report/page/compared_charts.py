"""Charts that put several analyses side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log

from costsim.analysis import Analysis, Record
from costsim.compare import Comparison
from costsim.report.page.charts import BAR_HEIGHT, LABEL_ROOM_RATIO, ROOF_COLOUR, Spec, colour, tip
from costsim.report.page.datasets import finite
from costsim.report.palette import limit_colours

LABEL_WIDTH_RATIO, LABEL_HEIGHT_RATIO = 0.3, 0.06
"""Room a name takes in the scatter plot, as a share of its axes."""

RUN_HEIGHT = 32
"""Two lines: the network, and the device it ran on."""

LOG_FROM_RATIO = 20
"""Latencies further apart than this are drawn on a log axis."""

LOG_LABEL_ROOM = 0.2
"""Room a number takes behind the longest bar of a log axis, as a share of all decades of the others."""


def compared_data(comparison: Comparison) -> dict[str, list[Record]]:
    """``runs``, a record per analysis; ``shares``, one per analysis and op class; ``differences`` by part."""
    names = {key: _name(comparison, *key) for key in comparison.analyses}
    runs = [{"run": names[key], **_totals(comparison.analyses[key])} for key in names]
    order = {name: i for i, name in enumerate(op_classes(comparison))}
    shares = [
        {"run": names[key], "class": r["op_class"], "order": order[r["op_class"]],
         "ms": r["latency_ms"], "share": r["share_ratio"]}
        for key, analysis in comparison.analyses.items()
        for r in analysis.class_records
    ]  # fmt: skip
    data = {"runs": finite(_with_room_for_names(runs)), "shares": finite(shares)}
    for index, difference in enumerate(comparison.differences):
        order_of_parts = list(difference.parts)
        data[f"difference{index}"] = finite(
            [
                {"part": c.part, "order": order_of_parts.index(c.part), "class": c.op_class, "ms": c.difference_ms}
                for c in difference.contributions
            ]
        )
    return data


def op_classes(comparison: Comparison) -> list[str]:
    """Op classes of all analyses, costliest first by their summed shares."""
    shares: dict[str, float] = {}
    for analysis in comparison.analyses.values():
        for record in analysis.class_records:
            shares[record["op_class"]] = shares.get(record["op_class"], 0.0) + record["share_ratio"]
    return sorted(shares, key=lambda name: -shares[name])


def _name(comparison: Comparison, network: str, hw: str) -> str:
    """What tells a run from the others: the network, and the device if there are several."""
    return f"{network} on {hw}" if len(comparison.devices) > 1 else network


def _totals(analysis: Analysis) -> Record:
    shown = ("latency_ms", "latency_low_ms", "latency_high_ms", "macs", "dram_bytes", "bound")
    values = {name: analysis.summary[name] for name in shown}
    end_ms = values["latency_high_ms"] or values["latency_ms"]  # without an upper end the rule ends at the prediction
    return {"network": analysis.network, "hardware": analysis.hardware, **values, "latency_end_ms": end_ms}


def _with_room_for_names(runs: Sequence[Record]) -> list[Record]:
    """The runs with a ``label`` in the scatter plot, empty where it would run into another.

    ``side`` is where of its point it stands: towards the middle, so that none is cut off.
    """
    placed: list[tuple[float, float]] = []
    least, most = (log(max(pick(r["macs"] for r in runs), 1)) for pick in (min, max))
    wide = log(max(r["macs"] for r in runs) / max(min(r["macs"] for r in runs), 1) + 1)
    high = log(max(r["latency_ms"] for r in runs) / max(min(r["latency_ms"] for r in runs), 1e-9) + 1)
    labels: dict[str, Record] = {}
    for r in sorted(runs, key=lambda r: -r["latency_ms"]):
        x, y = log(max(r["macs"], 1)), log(max(r["latency_ms"], 1e-9))
        side = "left" if x > (least + most) / 2 else "right"
        start = x - LABEL_WIDTH_RATIO * wide if side == "left" else x
        free = all(
            abs(start - other) > LABEL_WIDTH_RATIO * wide or abs(y - py) > LABEL_HEIGHT_RATIO * high
            for other, py in placed
        )
        if free:
            placed.append((start, y))
        labels[r["run"]] = {"label": r["network"] if free else "", "side": side}
    return [r | labels[r["run"]] for r in runs]


def compared_charts(data: Mapping[str, list[Record]], classes: Mapping[str, str]) -> dict[str, Spec]:
    """Latency with intervals, shares of op classes, latency over MACs, and each difference by part."""
    devices = limit_colours(dict.fromkeys(r["hardware"] for r in data["runs"]))
    differences = [name for name in data if name.startswith("difference")]
    return {
        "latencies": _latencies(data["runs"], devices),
        "shares": _shares(data["runs"], classes),
        "macs": _latency_over_macs(devices),
    } | {name: _difference(name, data[name], classes) for name in differences}


def _difference(name: str, records: Sequence[Record], classes: Mapping[str, str]) -> Spec:
    """Milliseconds more (right) and less (left) in every part, split by op class."""
    return {
        "data": {"name": name},
        "height": BAR_HEIGHT * len({r["part"] for r in records}),
        "mark": "bar",
        "encoding": {
            "y": {"field": "part", "type": "nominal", "sort": {"field": "order", "op": "min"}, "title": None},
            "x": {"field": "ms", "type": "quantitative", "title": "more or less time [ms]", "stack": "zero"},
            "color": colour("class", classes),
            "tooltip": [tip("part"), tip("class"), tip("ms", "difference [ms]", "+.3~g")],
        },
    }


def _latencies(runs: Sequence[Record], devices: Mapping[str, str]) -> Spec:
    times = [r["latency_ms"] for r in runs if r["latency_ms"] > 0]
    far = bool(times) and max(times) > LOG_FROM_RATIO * min(times)
    most = max(r["latency_high_ms"] or r["latency_ms"] for r in runs)
    scale: Spec = {"domain": [0, LABEL_ROOM_RATIO * most]}
    if far:
        scale = {"type": "log", "domainMax": most * (most / min(times)) ** LOG_LABEL_ROOM}
    x = {"type": "quantitative", "title": "latency [ms], with its interval", "scale": scale | {"nice": False}}
    low_high = {"x": x | {"field": "latency_low_ms"}, "x2": {"field": "latency_end_ms"}}
    point = {"x": x | {"field": "latency_ms"}, "color": colour("hardware", devices), "tooltip": _TIPS}
    text = {"x": x | {"field": "latency_end_ms"}, "text": {"field": "latency_ms", "format": ".3~g"}}
    return {
        "data": {"name": "runs"},
        "height": RUN_HEIGHT * len(runs),
        "encoding": {"y": _run_axis(runs)},
        "layer": [
            {"mark": {"type": "rule", "strokeWidth": 4, "color": ROOF_COLOUR, "opacity": 0.5}, "encoding": low_high},
            {"mark": {"type": "point", "filled": True, "size": 90, "opacity": 1}, "encoding": point},
            {"mark": {"type": "text", "align": "left", "dx": 6}, "encoding": text},
        ],
    }


def _run_axis(runs: Sequence[Record]) -> Spec:
    """A run a line; network and device under each other where there are several devices."""
    axis = {"labelExpr": "split(datum.label, ' on ')", "labelOffset": -6} if " on " in runs[0]["run"] else {}
    return {"field": "run", "type": "nominal", "sort": None, "title": None, "axis": axis}


def _shares(runs: Sequence[Record], classes: Mapping[str, str]) -> Spec:
    return {
        "data": {"name": "shares"},
        "height": RUN_HEIGHT * len(runs),
        "mark": "bar",
        "encoding": {
            "y": _run_axis(runs),
            "x": {
                "field": "share", "type": "quantitative", "stack": "zero", "title": "share of the time",
                "axis": {"format": "%"}, "scale": {"domain": [0, 1]},
            },
            "color": colour("class", classes),
            "order": {"field": "order", "type": "quantitative"},
            "tooltip": [tip("run"), tip("class"), tip("ms", "time [ms]", ".3~g"), tip("share", "share of time", ".1%")],
        },
    }  # fmt: skip


_ON_A_PHONE = "width < 420 ? {} : {}"
"""One value where a chart is narrow, another elsewhere: names would cover each other, a legend would be cut off."""


def _latency_over_macs(devices: Mapping[str, str]) -> Spec:
    log_scale = {"type": "log", "nice": True}
    return {
        "data": {"name": "runs"},
        "height": 300,
        "encoding": {
            "x": {
                "field": "macs",
                "type": "quantitative",
                "title": "MACs",
                "scale": log_scale,
                "axis": {"format": "~s"},
            },
            "y": {"field": "latency_ms", "type": "quantitative", "title": "latency [ms]", "scale": log_scale},
        },
        "layer": [
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 0.85},
                "encoding": {
                    "color": colour("hardware", devices)
                    | {"legend": {"orient": "top", "title": None, "columns": {"expr": _ON_A_PHONE.format(3, 0)}}},
                    "tooltip": _TIPS,
                },
            },
            *(
                {
                    "transform": [{"filter": f"datum.side == '{side}'"}],
                    "mark": {
                        "type": "text",
                        "align": align,
                        "dx": dx,
                        "style": "label",
                        "opacity": {"expr": _ON_A_PHONE.format(0, 1)},
                    },
                    "encoding": {"text": {"field": "label"}},
                }
                for side, align, dx in (("right", "left", 8), ("left", "right", -8))
            ),
        ],
    }


_TIPS = [
    tip("network"),
    tip("hardware", "device"),
    tip("latency_ms", "latency [ms]", ".3~g"),
    tip("macs", "MACs", ".4~s"),
    tip("dram_bytes", "DRAM [B]", ".4~s"),
    tip("bound", "bound by"),
]
