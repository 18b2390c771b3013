"""Totals of networks from their tables: one value per network and point, the same for one and for a million."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from costsim.tables.bounds import bound_seconds
from costsim.tables.costtable import CostTable
from costsim.tables.liveness import live_bytes
from costsim.tables.networks import Networks
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


def op_totals(ops: OpTable) -> dict[str, Array]:
    """What the networks cost on any device of this runtime: ``(networks * points,)`` each."""
    columns = ("params", "macs", "flops", "mem_access_elems", "weight_bytes")
    totals = {name: ops.networks.total(getattr(ops, name)) for name in columns}
    return _flat(totals | {"peak_activation_bytes": ops.networks.largest(live_bytes(ops))})


def cost_totals(ops: OpTable, costs: CostTable) -> dict[str, Array]:
    """What they cost on the device: ``(networks * points,)`` each; ``energy_mj`` only where the profile knows it."""

    def total(column: Array) -> Array:
        return ops.networks.total(column if costs.kind_of is None else column[costs.kind_of])

    latency_s = ops.networks.total(costs.row_latency_s)
    totals = {"latency_ms": latency_s * 1e3, "dram_bytes": total(costs.moved_bytes("dram"))}
    if costs.energy_j is not None:
        totals["energy_mj"] = total(costs.energy_j) * 1e3
    return _flat(totals)


def energy_parts_mj(ops: OpTable, costs: CostTable) -> dict[str, float]:
    """Millijoules by part at the first point; empty where the profile has no numbers."""
    return {part: 1e3 * value for part, value in _at_first_point(ops, costs, costs.energy_parts_j or {}).items()}


def traffic_bytes(ops: OpTable, costs: CostTable) -> dict[str, float]:
    """Bytes that cross each memory of the device at the first point."""
    return _at_first_point(ops, costs, costs.traffic)


def _at_first_point(ops: OpTable, costs: CostTable, columns: Mapping[str, Array]) -> dict[str, float]:
    """Sums over all ops of columns that have a row an op or a row a kind."""
    of_row = slice(None) if costs.kind_of is None else costs.kind_of
    return {
        name: float(np.broadcast_to(column[of_row], (len(ops), column.shape[1]))[:, 0].sum())
        for name, column in columns.items()
    }


def bounds(ops: OpTable, costs: CostTable) -> np.ndarray:
    """What bounds them for most of the time: ``(networks * points,)`` index into ``costs.limit_names``."""
    return seconds_by_bound(ops, costs).argmax(axis=0)


def seconds_by_bound(ops: OpTable, costs: CostTable) -> np.ndarray:
    """``(limits, networks * points)`` seconds of the ops that each of ``costs.limit_names`` bounds."""
    own, kind_of, networks = costs.own, costs.kind_of, ops.networks
    bound, seconds, network = own.bound, own.latency_s, networks.of_row
    if len(networks) == 1 and kind_of is not None:
        seconds, network = seconds * np.bincount(kind_of)[:, None], network[: len(seconds)]
    elif kind_of is not None:
        bound, seconds = bound[kind_of], seconds[kind_of]
    seconds = np.broadcast_to(seconds, bound.shape)
    bound_s = dict(
        zip(own.limit_names, bound_seconds(bound, seconds, network, (len(own.limits), len(networks))), strict=True)
    )
    for name in costs.copies:
        bound_s[name] = _total_of_few(costs.overheads[name], kind_of, networks)
    columns = np.broadcast_arrays(*(bound_s[name] for name in costs.limit_names))
    return np.stack(columns).reshape(len(columns), -1)


def _total_of_few(seconds: Array, kind_of: np.ndarray | None, networks: Networks) -> Array:
    """``(networks, points)`` sum of a column in which few rows are not 0."""
    few: np.ndarray = np.any(seconds != 0, axis=1)
    rows = np.flatnonzero(few if kind_of is None else few[kind_of])
    total = np.zeros((len(networks), seconds.shape[1]))
    np.add.at(total, networks.of_row[rows], seconds[rows if kind_of is None else kind_of[rows]])
    return total


def _flat(totals: dict[str, Array]) -> dict[str, Array]:
    return {name: column.reshape(-1) for name, column in totals.items()}
