"""What lies in memory while the network runs: all activations, or the on-chip buffer where a plan manages one."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from costsim.devices import device_for
from costsim.report.page.knobs import memory_fields
from costsim.tables.liveness import live_bytes
from costsim.tables.plan import MODE_WORDS, Plan

if TYPE_CHECKING:
    from costsim.analysis import Analysis

Record = dict[str, Any]

FAR_RATIO = 8
"""A memory more than this many times larger than the peak is left out of the picture."""


def held(analysis: Analysis) -> list[Record]:
    """From when to when how many bytes are held, and by what.

    Where the device plans its buffer, one record per fused group with the group's ``mode``;
    elsewhere one per op: all activations that exist while it runs.
    """
    plan = analysis.simulation.ops.plan
    if plan is None:
        return [{**record, "mode": "activations"} for record in alive(analysis)]
    groups = groupby(_spans(analysis), lambda span: int(plan.group[span["row"], 0]))
    return [_group(plan, list(spans)) for _, spans in groups]


def alive(analysis: Analysis) -> list[Record]:
    """The bytes of all activations that exist while each op runs, wherever they lie."""
    live = live_bytes(analysis.simulation.ops)[:, 0]
    return [{**span, "bytes": float(live[span["row"]])} for span in _spans(analysis)]


def arena(analysis: Analysis) -> list[Record]:
    """What lies where in the memory a device lays out, and from when to when: empty where it lays out none."""
    made, timed = analysis.simulation, _spans(analysis)
    return [
        {
            "row": block.first_row,
            "name": block.name,
            "holds": block.kind,
            "from_ms": timed[block.first_row]["from_ms"],
            "to_ms": timed[block.last_row]["to_ms"],
            "bytes": block.size_bytes,
            "from_bytes": block.offset_bytes,
            "to_bytes": block.offset_bytes + block.size_bytes,
        }
        for block in device_for(made.profile).memory_map(made.ops, made.profile, made.run)
    ]


def offchip(analysis: Analysis) -> list[Record]:
    """What each op of a planned device moves off chip: weights, and activations that did not stay on chip."""
    plan = analysis.simulation.ops.plan
    if plan is None:
        return []
    kinds = {"weights": plan.weight_bytes[:, 0], "activations": plan.activation_bytes[:, 0]}
    return [
        {**span, "kind": kind, "bytes": float(moved[span["row"]])}
        for span in _spans(analysis)
        for kind, moved in kinds.items()
        if moved[span["row"]] > 0
    ]


def capacities(analysis: Analysis) -> list[Record]:
    """The memories of the device that are not far larger than what is held."""
    profile = analysis.simulation.profile
    peak = max(record["bytes"] for record in held(analysis))
    fields = {name.split()[0]: paths for name, paths in memory_fields(profile).items() if name.endswith(" size")}
    sizes = {level: sum(float(profile.value_at(path)) for path in paths) for level, paths in fields.items()}
    return [{"memory": level, "bytes": size} for level, size in sizes.items() if size <= FAR_RATIO * peak]


def running(analysis: Analysis) -> list[tuple[Record, float, float]]:
    """Every layer record, and from when to when it runs, in milliseconds."""
    records = analysis.layer_records
    latency_ms = np.array([record["latency_ms"] for record in records])
    ends = np.cumsum(latency_ms)
    return list(zip(records, (ends - latency_ms).tolist(), ends.tolist(), strict=True))


def _spans(analysis: Analysis) -> list[Record]:
    """When each executed op runs; ``row`` is its row in the op table."""
    timed = running(analysis)
    return [
        {"row": row, "name": record["name"], "from_ms": timed[place][1], "to_ms": timed[place][2]}
        for row, (place, record) in enumerate(analysis.op_records)
    ]


def _group(plan: Plan, spans: list[Record]) -> Record:
    rows = [span["row"] for span in spans]
    first, last = spans[0], spans[-1]
    return {
        "row": first["row"],
        "name": first["name"] if len(spans) == 1 else f"{first['name']} to {last['name']}",
        "ops": len(spans),
        "from_ms": first["from_ms"],
        "to_ms": last["to_ms"],
        "bytes": float(plan.buffer_bytes[rows, 0].max()),
        "mode": MODE_WORDS[float(plan.mode[first["row"], 0])],
        "spilled_bytes": float(plan.activation_bytes[rows, 0].sum()),
    }
