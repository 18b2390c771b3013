"""Networks cut into groups of rows: the plan of a cut, with every buffer at its address."""

from __future__ import annotations

import numpy as np

from costsim.scheduling.dataflow import Dataflow
from costsim.scheduling.placement import place
from costsim.scheduling.search import Ladder, Pricing, build_ladder
from costsim.scheduling.segments import Segments, Weights, resident_buffers
from costsim.scheduling.tiling import Staircase
from costsim.tables.plan import HOST, RESIDENT, STREAMED, TILED, Plan


class Cuts:
    """The cuts of one network, for all buffers up to ``largest`` at once."""

    def __init__(
        self, flow: Dataflow, weights: Weights, groups: Segments, tiles: Staircase, allowed: np.ndarray,
        on_host: np.ndarray, separate_weights: float | None, fitting: float, largest: float,
    ) -> None:  # fmt: skip
        """Solve them. ``fitting`` is the buffer with which the whole network is one group."""
        self.largest = largest
        self._flow, self._weights, self._groups, self._tiles = flow, weights, groups, tiles
        self._allowed, self._on_host, self._fitting = allowed, on_host, fitting
        self._outputs = np.where(np.arange(flow.rows) < flow.last_use[:, None], flow.output_bytes[:, None], 0.0)
        self._ladder = build_ladder(groups, tiles, allowed, weights.offchip_bytes, self._outputs, largest)
        self._placer = _Placer(flow, weights, groups, separate_weights)
        self._plans: dict[int, Plan] = {}

    def best(self, sizes: np.ndarray, price: Pricing) -> list[tuple[np.ndarray, Plan]]:
        """Points that run the same plan, and that plan in one column; ``(points,)`` sizes of the buffer."""
        ladder = self._ladder
        rung = ladder.pick(sizes, price, lambda r: self._placer.height(ladder.first[:, r], ladder.last[:, r]))
        if (rung < 0).any():  # a group that fits by count of bytes has no place: fall back to single ops
            none = Segments.none(self._flow.rows)
            alone = build_ladder(
                none, self._tiles, self._allowed, self._weights.offchip_bytes, self._outputs, self.largest
            )
            fallback = alone.pick(sizes, price, lambda r: 0.0)
            ladder, rung = ladder.join(alone), np.where(rung < 0, fallback + len(ladder.sizes), rung)
        return [(np.flatnonzero(rung == r), self._plan(ladder, r)) for r in np.unique(rung).tolist()]

    def _plan(self, ladder: Ladder, rung: int) -> Plan:
        """The plan of one rung; numbers above those of the ladder itself are always of the same fallback."""
        if rung not in self._plans:
            self._plans[rung] = self._work_out(ladder, rung)
        return self._plans[rung]

    def _work_out(self, ladder: Ladder, rung: int) -> Plan:
        flow, tiles, groups = self._flow, self._tiles, self._groups
        first, last = ladder.first[:, rung], ladder.last[:, rung]
        at, alone = np.arange(flow.rows), first == last
        step = [np.searchsorted(column, ladder.sizes[rung], side="right") - 1 for column in tiles.buffer_bytes.T]
        mode = np.where(groups.resident_bytes <= groups.streamed_bytes, RESIDENT, STREAMED)[first, last]
        placed = [0.0 if f == e else self._placer.group(f, e) for f, e in zip(first, last, strict=True)]
        columns = {
            "group": np.cumsum(first == at) - 1,
            "mode": np.where(alone, np.where(self._on_host, HOST, TILED), mode),
            "input_bytes": ladder.reads[:, rung],
            "output_bytes": ladder.writes[:, rung],
            "weight_bytes": ladder.weights[:, rung],
            "buffer_bytes": np.where(alone, tiles.buffer_bytes[np.maximum(step, 0), at], placed),
            "least_bytes": tiles.least_bytes,
            "spilled_bytes": np.where(flow.last_use == flow.rows, 0.0, ladder.writes[:, rung]),
            "fitting_bytes": np.full(flow.rows, self._fitting),
        }
        return Plan.of_point(columns)


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
