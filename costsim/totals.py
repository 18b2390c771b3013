"""Totals of a network from its tables: one value per point, the same for one network and for a million."""

from __future__ import annotations

import numpy as np

from costsim.tables.costtable import CostTable
from costsim.tables.liveness import live_bytes
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


def total(column: Array) -> Array:
    """``(points,)`` sum over the ops, added up in execution order.

    Always in that order, so that a point gives the same digits alone and in a chunk: NumPy adds
    pairwise along the axis that lies together in memory, which here must be the points.
    """
    if column.shape[1] == 1:
        return np.cumsum(column, axis=0)[-1]
    return np.add.reduce(np.ascontiguousarray(column), axis=0)


def op_totals(ops: OpTable) -> dict[str, Array]:
    """What the network costs on any device of this runtime: ``(points,)`` each."""
    columns = ("params", "macs", "flops", "mem_access_elems", "weight_bytes")
    return {name: total(getattr(ops, name)) for name in columns} | {
        "peak_activation_bytes": live_bytes(ops).max(axis=0)
    }


def cost_totals(costs: CostTable) -> dict[str, Array]:
    """What it costs on the device: ``(points,)`` each; ``energy_mj`` only where the profile knows it."""
    totals = {"latency_ms": total(costs.latency_s) * 1e3, "dram_bytes": total(costs.traffic["dram"])}
    if costs.energy_j is not None:
        totals["energy_mj"] = total(costs.energy_j) * 1e3
    return totals
