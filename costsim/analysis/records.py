"""The layers of a simulation as plain records, and the same summed by whatever they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from costsim.simulate import Simulation

Record = dict[str, Any]

ADDITIVE = ("params", "macs", "flops", "mem_access_elems", "latency_ms", "dram_bytes", "weight_bytes", "energy_mj")
"""Columns of a layer record that add up to the totals; None where unknown."""

FRACTIONAL = ("latency_ms", "energy_mj")
"""Those that are no whole numbers."""

INPUT_COPY, COPY_CLASS = "input copy", "copy"
"""What the copy of the input from a host is called, and its class: it is no layer of the network."""


def layer_records(simulation: Simulation, measured_s: Mapping[str, float] | None) -> list[Record]:
    """One record per executed op, in execution order, and one per copy it waits for, ahead of it.

    Args:
        simulation: of one point.
        measured_s: seconds measured of ops, by name; None where nothing was measured.
    """
    ops, costs = simulation.ops, simulation.costs
    own = costs.own
    values = {name: _first_point(array, len(ops)) for name, array in _columns(simulation).items()}
    limits = {name: _first_point(array * 1e3, len(ops)) for name, array in costs.limits.items()}
    bound, near = _first_point(own.bound, len(ops)), own.near_ties()
    records: list[Record] = []
    for row, label in enumerate(ops.labels):
        for name in costs.copies:
            if limits[name][row] > 0:
                records.append(_copy_record(simulation, name, limits[name][row], len(records)))
        record: Record = {
            "name": label.name,
            "op": label.op,
            "op_class": label.op_class,
            "block": label.block,
            "layers": list(label.layers),
            "output_shape": [int(d) for d in label.output_shape],
            **dict.fromkeys(ADDITIVE),
            **{name: _number(of_rows[row], whole=name not in FRACTIONAL) for name, of_rows in values.items()},
        }
        record["intensity"] = record["macs"] / record["mem_access_elems"] if record["mem_access_elems"] else None
        record["bound"] = own.limit_names[int(bound[row])]
        record["near_bounds"] = list(near[row])
        record["ceilings_ms"] = {name: 0.0 if name in costs.copies else float(ms[row]) for name, ms in limits.items()}
        records.append(record)
    if measured_s is not None:
        for record in records:
            seconds = measured_s.get(record["name"])
            record["measured_ms"] = None if seconds is None else seconds * 1e3
    return _with_shares(records)


def grouped(records: Iterable[Record], name: str, key: Callable[[Record], str]) -> list[Record]:
    """Layer records summed by a key, which is called ``name``, in the order the keys first come."""
    groups: dict[str, Record] = {}
    for record in records:
        group = groups.setdefault(key(record), {name: key(record), "ops": 0} | dict.fromkeys(ADDITIVE, 0))
        group["ops"] += 1
        for column in ADDITIVE:
            known = group[column] is not None and record[column] is not None
            group[column] = group[column] + record[column] if known else None
    return _with_shares(list(groups.values()))


def _with_shares(records: list[Record]) -> list[Record]:
    """Each with its share of the time of all."""
    total_ms = sum(record["latency_ms"] for record in records)
    for record in records:
        record["share_ratio"] = record["latency_ms"] / (total_ms or 1.0)  # 0 only where nothing runs
    return records


def _columns(simulation: Simulation) -> dict[str, np.ndarray]:
    """What of the tables is told of every layer, in the units of records."""
    ops, own = simulation.ops, simulation.costs.own
    columns = {
        "params": ops.params,
        "macs": ops.macs,
        "flops": ops.flops,
        "mem_access_elems": ops.mem_access_elems,
        "latency_ms": own.latency_s * 1e3,
        "dram_bytes": own.moved_bytes("dram"),
        "weight_bytes": ops.weight_bytes,
    }
    return columns if own.energy_j is None else columns | {"energy_mj": own.energy_j * 1e3}


def _copy_record(simulation: Simulation, limit: str, latency_ms: float, place: int) -> Record:
    """The copy of the network's input to the device: time, but no layer, no arithmetic and no DRAM traffic."""
    graph = simulation.graph
    return {
        "name": INPUT_COPY if not place else f"{INPUT_COPY} {place}",
        "op": "input_copy",
        "op_class": COPY_CLASS,
        "block": "",
        "layers": [node.name for node in graph.inputs],
        "output_shape": [int(d) for d in graph.input_shape],
        **dict.fromkeys(ADDITIVE, 0),
        "latency_ms": float(latency_ms),
        "energy_mj": None,
        "intensity": None,
        "bound": limit,
        "near_bounds": [limit],
        "ceilings_ms": {name: float(latency_ms) if name == limit else 0.0 for name in simulation.costs.limit_names},
    }


def _first_point(array: np.ndarray, rows: int) -> np.ndarray:
    return np.broadcast_to(array, (rows, array.shape[1]))[:, 0]


def _number(value: Any, *, whole: bool) -> Any:
    return round(float(value)) if whole else float(value)
