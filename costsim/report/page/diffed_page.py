"""The page of a difference: every chart shows what moved, not two networks side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from costsim.diff import Change, DeviceDiff
from costsim.diff.limit import Limit
from costsim.report.page.charts import BAR_HEIGHT, Spec, tip
from costsim.report.page.datasets import finite
from costsim.report.page.html import environment
from costsim.report.page.network_graph import NO_BLOCK
from costsim.report.verbs.diffed import summary
from costsim.version import VERSION

Record = dict[str, Any]

SCRIPTS = ("charts.js",)
SLOWER, FASTER = "#D55E00", "#0072B2"

PARTS: dict[str, tuple[str, Callable[[Record], str]]] = {
    "class": ("By op class", lambda layer: layer["op_class"]),
    "stage": ("By stage", lambda layer: layer.get("block", "").split(".")[0] or NO_BLOCK),
    "block": ("By block", lambda layer: layer.get("block") or NO_BLOCK),
    "bound": ("By the limit that bounds the op", lambda layer: layer.get("bound", "unknown")),
}
"""What the layers are summed by: a title, and the part that a layer's record belongs to."""

MOST_BLOCKS = 60


def page(diffs: Sequence[DeviceDiff], limit: Limit | None = None, command: str = "") -> str:
    """The whole page, a section a network and device. ``command`` is the command line that made it."""
    specs: dict[str, Spec] = {}
    data: dict[str, list[Record]] = {}
    sections = []
    for number, one in enumerate(diffs):
        names = []
        for part, (title, key) in PARTS.items():
            moved = deltas(one.changes, key)
            if moved and len(moved) <= MOST_BLOCKS:
                name = f"{part}{number}"
                specs[name], data[name] = _delta_bars(name, len(moved)), finite(moved)
                names.append((name, title))
        failed = limit is not None and one.regresses(limit)
        sections.append({"diff": one, "summary": summary(one), "charts": names, "failed": failed})
    networks = dict.fromkeys((one.old.network, one.new.network) for one in diffs)
    return environment().get_template("diff.html").render(
        sections=sections, networks=list(networks), limit=limit, payload={"specs": specs, "data": data},
        scripts=SCRIPTS, command=command, version=VERSION,
    )  # fmt: skip


def deltas(changes: Sequence[Change], key: Callable[[Record], str]) -> list[Record]:
    """Old and new time and their difference of every part that moved, in the order of the new network.

    A layer whose part changed takes its old time from the one and its new time to the other.
    """
    parts: dict[str, Record] = {}
    for change in changes:
        for side, layer in (("new_ms", change.new), ("old_ms", change.old)):
            if layer is not None:
                part = parts.setdefault(key(layer), {"part": key(layer), "old_ms": 0.0, "new_ms": 0.0})
                part[side] += layer["latency_ms"]
    moved = [part | {"delta_ms": part["new_ms"] - part["old_ms"]} for part in parts.values()]
    return [part for part in moved if part["delta_ms"]]


def _delta_bars(name: str, rows: int) -> Spec:
    """Bars to the right of zero for what takes longer, to the left for what takes less."""
    sign = {"test": "datum.delta_ms > 0", "value": SLOWER}
    x = {"field": "delta_ms", "type": "quantitative", "title": "new less old [ms]", "axis": {"format": "+~g"}}
    return {
        "data": {"name": name},
        "height": BAR_HEIGHT * rows,
        "encoding": {
            "y": {"field": "part", "type": "nominal", "sort": None, "title": None, "axis": {"ticks": False}},
            "x": x,
            "tooltip": [tip("part"), tip("old_ms", "old [ms]", ".3~g"), tip("new_ms", "new [ms]", ".3~g"),
                        tip("delta_ms", "difference [ms]", "+.3~g")],
        },
        "layer": [
            {"mark": "bar", "encoding": {"color": {"condition": sign, "value": FASTER}}},
            {"mark": {"type": "rule", "strokeWidth": 1}, "encoding": {"x": {"datum": 0}, "y": {"value": 0},
                                                                        "y2": {"value": "height"}}},
        ],
    }  # fmt: skip
