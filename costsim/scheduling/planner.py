"""From an op table and a buffer to a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from costsim.errors import DoesNotFitError
from costsim.scheduling.dataflow import Dataflow
from costsim.scheduling.placement import place
from costsim.scheduling.search import Ladder, build_ladder
from costsim.scheduling.segments import Segments, Weights, resident_buffers, segments
from costsim.scheduling.tiling import Staircase, staircases
from costsim.scheduling.whole import all_on_chip, one_group, whole_kib, whole_network_need
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
    input_bytes: np.ndarray
    """``(rows, points of the table)`` all operands as they lie in memory, channels padded."""
    output_bytes: np.ndarray
    """``(rows, points of the table)`` likewise."""
    grain: tuple[float, float]
    """Input and output channels the array takes at once."""
    tiling: Literal["search", "smaller_operand"] = "search"
    spills: bool = True
    """Whether activations have a place off chip."""
    separate_weights: float | None = None
    sum_bytes: float = 4.0
    """A partial sum on chip."""


def plan_buffers(ops: OpTable, rules: BufferRules, price: Callable[[np.ndarray, np.ndarray, int], np.ndarray]) -> Plan:
    """The plan for every point: one dynamic programme per distinct table, all buffer sizes at once.

    Raises:
        DoesNotFitError: a layer needs a larger buffer than there is, even alone and in its smallest tile.
    """
    parts = []
    capacity = np.atleast_1d(np.asarray(rules.size_bytes, dtype=np.float64))
    for point in range(ops.points):
        sizes = capacity if ops.points == 1 else capacity[[min(point, len(capacity) - 1)]]
        parts.append(_plan_point(ops, point, rules, sizes, lambda a, w, at=point: price(a, w, at)))
    return parts[0] if len(parts) == 1 else Plan.join(parts)


def _plan_point(ops: OpTable, point: int, rules: BufferRules, sizes: np.ndarray, price: Callable) -> Plan:
    single = ops.at_point(point)
    stored = (rules.input_bytes, rules.output_bytes, rules.weight_bytes)
    input_bytes, output_bytes, weight_bytes = (a[:, min(point, a.shape[1] - 1)] for a in stored)
    flow = Dataflow.of(ops, input_bytes, output_bytes, point)
    weights = Weights(weight_bytes, _tile_bytes(single, weight_bytes, rules.grain[1]))
    if not rules.spills:
        return all_on_chip(ops, flow, weights, sizes)
    tiles = staircases(
        single, input_bytes, output_bytes, weight_bytes,
        rule=rules.tiling, grain=rules.grain, separate_weights=rules.separate_weights, sum_bytes=rules.sum_bytes,
    )  # fmt: skip
    tiles = _host_is_free_of_buffers(tiles, rules.on_host)
    _require_fit(ops, tiles, sizes)
    fitting, mode = whole_network_need(flow, weights, tiles, rules.separate_weights)
    allowed = _allowed(ops, rules)
    whole = (sizes >= fitting) & allowed[0, -1] & (flow.rows > 1)
    plans = []
    if whole.any():
        plans.append(one_group(flow, weights, tiles, fitting, mode, int(whole.sum())))
    if not whole.all():

        def price_cut(activation_bytes: np.ndarray, weight_bytes: np.ndarray) -> np.ndarray:
            seconds = price(activation_bytes, weight_bytes)
            return seconds[:, ~whole] if seconds.shape[1] > 1 else seconds

        plans.append(_best_cut(flow, weights, tiles, allowed, rules, sizes[~whole], fitting, price_cut))
    return Plan.join(plans, [np.flatnonzero(part) for part in (whole, ~whole) if part.any()])


def _best_cut(
    flow: Dataflow, weights: Weights, tiles: Staircase, allowed: np.ndarray, rules: BufferRules, sizes: np.ndarray,
    fitting: float, price: Callable,
) -> Plan:  # fmt: skip
    if rules.execution == "layer_by_layer":
        groups = Segments.none(flow.rows)
    else:
        groups = segments(flow, weights, separate_weights=rules.separate_weights)
    outputs = np.where(np.arange(flow.rows) < flow.last_use[:, None], flow.output_bytes[:, None], 0.0)
    largest = float(sizes.max())
    ladder = build_ladder(groups, tiles, allowed, weights.offchip_bytes, outputs, largest)
    placer = _Placer(flow, weights, groups, rules.separate_weights)
    rung = ladder.pick(sizes, price, lambda r: placer.height(ladder.first[:, r], ladder.last[:, r]))
    if (rung < 0).any():  # a group that fits by count of bytes has no place: fall back to single ops
        alone = build_ladder(Segments.none(flow.rows), tiles, allowed, weights.offchip_bytes, outputs, largest)
        fallback = alone.pick(sizes, price, lambda r: 0.0)
        ladder, rung = ladder.join(alone), np.where(rung < 0, fallback + len(ladder.sizes), rung)
    return _plan(ladder, rung, flow, groups, tiles, placer, rules.on_host, fitting)


class _Placer:
    """Placed heights of resident groups, each worked out once."""

    def __init__(self, flow: Dataflow, weights: Weights, groups: Segments, separate_weights: float | None) -> None:
        self._flow, self._weights, self._groups, self._separate = flow, weights, groups, separate_weights
        self._heights: dict[tuple[int, int], float] = {}

    def group(self, first: int, last: int) -> float:
        """Bytes a group takes with every buffer at its address."""
        if self._groups.streamed_bytes[first, last] < self._groups.resident_bytes[first, last]:
            return float(self._groups.streamed_bytes[first, last])  # all alive at once: the sum is a placement
        if (first, last) not in self._heights:
            buffers = resident_buffers(self._flow, self._weights, first, last, self._separate)
            self._heights[first, last] = place(buffers).height_bytes
        return min(self._heights[first, last], float(self._groups.streamed_bytes[first, last]))

    def height(self, first: np.ndarray, last: np.ndarray) -> float:
        """Bytes a whole plan takes: its largest group of more than one row."""
        pairs = {(int(f), int(e)) for f, e in zip(first, last, strict=True) if f != e}
        return max((self.group(*pair) for pair in pairs), default=0.0)


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
            f"{ops.labels[row].name}: its smallest tile needs {whole_kib(least[row])} KiB "
            f"of on-chip buffer, the device has {format_quantity(smallest, 'B')}; "
            f"set memory.onchip.size to at least {whole_kib(least[row])} KiB"
        )


def _plan(
    ladder: Ladder, rung: np.ndarray, flow: Dataflow, groups: Segments, tiles: Staircase, placer: _Placer,
    on_host: np.ndarray, fitting: float,
) -> Plan:  # fmt: skip
    rung, point = np.unique(rung, return_inverse=True)  # many points stand on the same rung
    first, last = ladder.first[:, rung], ladder.last[:, rung]
    rows, rungs = first.shape
    alone = first == last
    at = np.arange(rows)[:, None]
    size = ladder.sizes[rung]
    step = np.stack([np.searchsorted(tiles.buffer_bytes[:, row], size, side="right") - 1 for row in range(rows)])
    mode = np.where(groups.resident_bytes <= groups.streamed_bytes, RESIDENT, STREAMED)[first, last]
    placed = [
        [0.0 if f == e else placer.group(f, e) for f, e in zip(first[:, p], last[:, p], strict=True)]
        for p in range(rungs)
    ]
    leaves_network = (flow.last_use == rows)[:, None]
    plan = Plan(
        group=np.cumsum(first == at, axis=0) - 1,
        mode=np.where(alone, np.where(on_host[:, None], HOST, TILED), mode),
        input_bytes=ladder.reads[:, rung],
        output_bytes=ladder.writes[:, rung],
        weight_bytes=ladder.weights[:, rung],
        buffer_bytes=np.where(alone, tiles.buffer_bytes[np.maximum(step, 0), at], np.array(placed).T),
        least_bytes=np.broadcast_to(tiles.least_bytes[:, None], first.shape),
        spilled_bytes=np.where(leaves_network, 0.0, ladder.writes[:, rung]),
        fitting_bytes=np.full(first.shape, fitting),
    )
    return plan.at_points(point)
