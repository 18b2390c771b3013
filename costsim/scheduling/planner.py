"""From an op table and a buffer to a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from costsim.errors import DoesNotFitError
from costsim.scheduling.dataflow import Dataflow
from costsim.scheduling.search import Ladder, build_ladder
from costsim.scheduling.segments import Segments, Weights, _writes, segments
from costsim.scheduling.tiling import Staircase, staircases
from costsim.tables.optable import OpTable
from costsim.tables.plan import HOST, RESIDENT, STREAMED, TILED, Plan
from costsim.units import format_quantity

Execution = Literal["fused", "layer_by_layer", "block"]


@dataclass(frozen=True)
class BufferRules:
    """What the planner has to know of a device. Arrays are ``(points,)``."""

    size_bytes: np.ndarray
    execution: Execution
    on_host: np.ndarray
    """``(rows,)`` rows the array does not run."""
    weight_bytes: np.ndarray
    """``(rows, points of the table)`` weights that have to be fetched."""
    tile_kernels: float
    """Output channels the array works on at a time."""
    spills: bool = True
    """Whether activations have a place off chip."""
    separate_weights: float | None = None
    channel_align: float = 1.0


def plan_buffers(
    ops: OpTable, rules: BufferRules, price: Callable[[np.ndarray, np.ndarray, int], np.ndarray]
) -> Plan:
    """The plan for every point: one dynamic programme per distinct table, all buffer sizes at once.

    Raises:
        DoesNotFitError: a layer needs a larger buffer than there is, even alone and in its smallest tile.
    """
    parts = []
    capacity = np.atleast_1d(np.asarray(rules.size_bytes, dtype=np.float64))
    for point in range(ops.points):
        sizes = capacity if ops.points == 1 else capacity[[min(point, len(capacity) - 1)]]
        parts.append(_plan_point(ops, point, rules, sizes, lambda a, w, at=point: price(a, w, at)))
    if len(parts) == 1:
        return parts[0]
    names = ("group", "mode", "input_bytes", "output_bytes", "weight_bytes", "buffer_bytes", "least_bytes")
    return Plan(**{name: np.concatenate([getattr(p, name) for p in parts], axis=1) for name in names})


def _plan_point(ops: OpTable, point: int, rules: BufferRules, sizes: np.ndarray, price: Callable) -> Plan:
    single = _one_point(ops, point)
    flow = Dataflow.of(single, 0, rules.channel_align)
    weight_bytes = rules.weight_bytes[:, min(point, rules.weight_bytes.shape[1] - 1)]
    tiles = staircases(single, weight_bytes, separate_weights=rules.separate_weights, channel_align=rules.channel_align)
    weights = Weights(weight_bytes, _tile_bytes(single, weight_bytes, rules.tile_kernels))
    groups = segments(flow, weights, separate_weights=rules.separate_weights)
    tiles = _host_is_free_of_buffers(tiles, rules.on_host)
    allowed = _allowed(ops, rules)
    _require_fit(ops, tiles, sizes)
    outputs = np.where(np.arange(flow.rows) < flow.last_use[:, None], flow.output_bytes[:, None], 0.0)
    ladder = build_ladder(groups, tiles, allowed, weight_bytes, outputs, float(sizes.max()))
    rung = ladder.pick(sizes, price)
    return _plan(ladder, rung, groups, tiles, rules.on_host)


def _one_point(ops: OpTable, point: int) -> OpTable:
    if ops.points == 1:
        return ops
    from dataclasses import replace

    return replace(ops, **{n: a[:, [min(point, a.shape[1] - 1)]] for n, a in ops.columns().items()})


def _tile_bytes(ops: OpTable, weight_bytes: np.ndarray, tile_kernels: float) -> np.ndarray:
    kernels = np.minimum(tile_kernels, ops.c_out_per_group[:, 0])
    each = weight_bytes / np.maximum(ops.c_out[:, 0], 1.0)
    return np.minimum(2 * kernels * each, weight_bytes)


def _host_is_free_of_buffers(tiles: Staircase, on_host: np.ndarray) -> Staircase:
    return Staircase(np.where(on_host, 0.0, tiles.buffer_bytes), tiles.activation_bytes, tiles.weight_bytes)


def _allowed(ops: OpTable, rules: BufferRules) -> np.ndarray:
    rows = len(ops)
    if rules.execution == "layer_by_layer":
        return np.eye(rows, dtype=bool)
    barriers = np.cumsum(rules.on_host)
    clear = (barriers[None, :] == barriers[:, None]) & ~rules.on_host[:, None]
    if rules.execution == "fused":
        return clear
    blocks = np.array([label.block for label in ops.labels])
    starts = np.cumsum(np.append(True, blocks[1:] != blocks[:-1]))
    same = starts[:, None] == starts[None, :]
    whole = np.append(True, blocks[1:] != blocks[:-1])[:, None] & np.append(blocks[1:] != blocks[:-1], True)[None, :]
    pair = np.subtract.outer(np.arange(rows), np.arange(rows)) == -1
    return clear & same & (whole | pair)


def _require_fit(ops: OpTable, tiles: Staircase, sizes: np.ndarray) -> None:
    least = tiles.least_bytes
    smallest = sizes.min()
    if least.max(initial=0.0) > smallest:
        row = int(np.argmax(least))
        raise DoesNotFitError(
            f"{ops.labels[row].name}: its smallest tile needs {format_quantity(np.ceil(least[row] / 1024) * 1024, 'B')} "
            f"of on-chip buffer, the device has {format_quantity(smallest, 'B')}; "
            f"set memory.onchip.size to at least {int(np.ceil(least[row] / 1024))} KiB"
        )


def _plan(ladder: Ladder, rung: np.ndarray, groups: Segments, tiles: Staircase, on_host: np.ndarray) -> Plan:
    first, last = ladder.first[:, rung], ladder.last[:, rung]
    alone = first == last
    at = np.arange(len(first))[:, None]
    step = np.stack([np.searchsorted(tiles.buffer_bytes[:, r], ladder.sizes[rung], side="right") - 1 for r in range(len(first))])
    own = tiles.buffer_bytes[np.maximum(step, 0), at]
    mode = np.where(groups.resident_bytes <= groups.streamed_bytes, RESIDENT, STREAMED)[first, last]
    mode = np.where(alone, np.where(on_host[:, None], HOST, TILED), mode)
    return Plan(
        group=np.cumsum(first == at, axis=0) - 1,
        mode=mode,
        input_bytes=ladder.reads[:, rung],
        output_bytes=ladder.writes[:, rung],
        weight_bytes=ladder.weights[:, rung],
        buffer_bytes=np.where(alone, own, groups.buffer_bytes[first, last]),
        least_bytes=np.broadcast_to(tiles.least_bytes[:, None], first.shape),
    )
