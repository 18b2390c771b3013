"""The whole network as one group: what it needs, and the plan where there is that much."""

from __future__ import annotations

from math import ceil

import numpy as np

from costsim.errors import DoesNotFitError
from costsim.scheduling.dataflow import Dataflow
from costsim.scheduling.placement import most_alive_bytes, place
from costsim.scheduling.segments import Weights, resident_buffers, resident_need
from costsim.scheduling.tiling import Staircase
from costsim.tables.optable import OpTable
from costsim.tables.plan import RESIDENT, STREAMED, TILED, Plan
from costsim.units import format_quantity


def whole_network_need(
    flow: Dataflow, weights: Weights, tiles: Staircase, separate_weights: float | None
) -> tuple[float, float]:
    """The buffer with which nothing spills, every map at its address, and the mode that takes so little."""
    if flow.rows == 1:
        return float(tiles.least_bytes[0]), TILED
    streamed = _streamed_bytes(flow, weights, separate_weights)
    buffers = resident_buffers(flow, weights, 0, flow.rows - 1, separate_weights)
    alive = most_alive_bytes(buffers)
    if streamed < alive:
        return streamed, STREAMED
    return min(place(buffers, alive).height_bytes, streamed), RESIDENT


def one_group(flow: Dataflow, weights: Weights, tiles: Staircase, buffer_bytes: float, mode: float) -> Plan:
    """All rows as one group, in one column: no plan moves less in any row, so none is faster either."""
    reads = np.where(flow.previous == -1, flow.read_bytes, flow.repeat_bytes) * (flow.source == -1)
    reads = np.bincount(flow.reader, reads, flow.rows)
    writes = np.where(flow.last_use == flow.rows, flow.output_bytes, 0.0)
    return _plan(flow, weights, mode, reads, writes, buffer_bytes, tiles.least_bytes)


def all_on_chip(flow: Dataflow, weights: Weights) -> Plan:
    """The only plan where maps have no place off chip, in one column: all lie in the buffer from first to last use."""
    peak = place(resident_buffers(flow, weights, 0, flow.rows - 1, None, outside=False)).height_bytes
    zero = np.zeros(flow.rows)
    return _plan(flow, weights, RESIDENT, zero, zero, peak, np.full(flow.rows, peak))


def require_on_chip(ops: OpTable, flow: Dataflow, weights: Weights, plan: Plan, size_bytes: float) -> None:
    """Refuse a buffer in which that plan has no place.

    Raises:
        DoesNotFitError: it says which op needs most, and how much.
    """
    peak = float(plan.fitting_bytes[0, 0])
    if peak > size_bytes:
        need = resident_need(flow, weights, None, outside=False)[0]
        row = int(np.argmax(need >= need[-1]))
        raise DoesNotFitError(
            f"{whole_kib(peak)} KiB of maps and weights are needed on chip "
            f"at once, the device has {format_quantity(size_bytes, 'B')} and no memory to spill to; "
            f"set memory.onchip.size to at least {whole_kib(peak)} KiB",
            where=ops.labels[row].name,
        )


def whole_kib(size_bytes: float) -> int:
    """As a message names it: enough, when set."""
    return ceil(size_bytes / 1024)


def _streamed_bytes(flow: Dataflow, weights: Weights, separate_weights: float | None) -> float:
    total = float(weights.offchip_bytes.sum())
    if separate_weights is not None and total > separate_weights:
        return np.inf
    lines = np.zeros(flow.rows + 1)  # of every tensor, as many as the reader that keeps most
    np.maximum.at(lines, flow.source, flow.rolling_bytes)
    leaving = flow.leaving_bytes[flow.last_use == flow.rows]
    return float(lines.sum() + leaving.sum()) + (total if separate_weights is None else 0.0)


def _plan(
    flow: Dataflow, weights: Weights, mode: float, reads: np.ndarray, writes: np.ndarray, buffer: float,
    least: np.ndarray,
) -> Plan:  # fmt: skip
    columns = {
        "group": np.zeros(flow.rows, dtype=int),
        "mode": np.full(flow.rows, mode),
        "input_bytes": reads,
        "output_bytes": writes,
        "weight_bytes": weights.offchip_bytes,
        "buffer_bytes": np.full(flow.rows, buffer),
        "least_bytes": least,
        "spilled_bytes": np.zeros(flow.rows),
        "fitting_bytes": np.full(flow.rows, buffer),
    }
    return Plan.of_point(columns)
