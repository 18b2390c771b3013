"""What the page's charts draw: small records by data set name, ready for JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from costsim.errors import InputError
from costsim.report.page.network_graph import NO_BLOCK
from costsim.report.page.roofline import roofline

if TYPE_CHECKING:
    from costsim.analysis import Analysis

Record = dict[str, Any]


def datasets(analysis: Analysis) -> dict[str, list[Record]]:
    """Every data set of the page.

    Raises:
        InputError: a cost is not a finite number, which no page should show as if it were one.
    """
    points, roofs = roofline(analysis)
    records = analysis.layer_records
    sets = {
        "ops": [
            {
                "row": row,
                "name": r["name"],
                "class": r["op_class"],
                "block": r["block"] or NO_BLOCK,
                "ms": r["latency_ms"],
                "share": r["share_ratio"],
                "bound": r["bound"],
                "dram_bytes": r["dram_bytes"],
                "ceilings": [_digits(ms) for ms in r["ceilings_ms"].values()],
                **({} if analysis.beside is None else {"measured_ms": r["measured_ms"]}),
            }
            for row, r in enumerate(records)
        ],
        "points": points,
        "roofs": roofs,
        "classes": [_group(r, "class", r["op_class"]) for r in analysis.class_records],
        "limits": [_group(r, "limit", r["bound"]) for r in analysis.bound_records],
        "stages": _by_class(analysis, "stage", lambda r: r["block"].split(".")[0]),
        "blocks": _by_class(analysis, "block", lambda r: r["block"]),
    }
    return {name: finite(records) for name, records in sets.items()}


def _digits(ms: float) -> float:
    """Ceilings are many and only shown to three digits."""
    return float(f"{ms:.4g}")


def _group(record: Record, field: str, value: str) -> Record:
    return {
        field: value,
        "ops": record["ops"],
        "ms": record["latency_ms"],
        "share": record["share_ratio"],
        "macs": record["macs"],
        "dram_bytes": record["dram_bytes"],
    }


def _by_class(analysis: Analysis, field: str, key: Callable[[Record], str]) -> list[Record]:
    """Time of every (group, op class), groups in execution order, classes costliest first."""
    order = {r["op_class"]: i for i, r in enumerate(analysis.class_records)}
    groups: dict[tuple[str, str], Record] = {}
    for r in analysis.layer_records:
        name = key(r)
        start = {
            field: name or NO_BLOCK,
            "class": r["op_class"],
            "order": order[r["op_class"]],
            "ops": 0,
            "ms": 0.0,
        }
        group = groups.setdefault((name, r["op_class"]), start)
        group["ops"] += 1
        group["ms"] += r["latency_ms"]
    total_ms = analysis.latency_ms or 1.0
    return [group | {"share": group["ms"] / total_ms} for group in groups.values()]


def finite(records: list[Record]) -> list[Record]:
    """The records as they are: numbers are rounded once, where they are shown, so that a chart agrees with its table.

    Raises:
        InputError: a number is not finite.
    """
    return [{key: _finite(value, key, record) for key, value in record.items()} for record in records]


def _finite(value: Any, key: str, record: Record) -> Any:
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        raise InputError(
            f"{key} of {record.get('name', 'a record')} is {value}, not a cost",
            where="report",
            mend="check the profile's numbers with 'costsim hw show'",
        )
    return value
