"""The planner, written for reading: one group at a time, one row at a time, every cut tried."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np

from costsim.scheduling.dataflow import Dataflow
from costsim.scheduling.segments import Weights
from costsim.scheduling.tiling import Staircase

Group = tuple[int, int]


class GroupOracle:
    """What one group of rows moves and needs, by its definition."""

    def __init__(self, flow: Dataflow, weights: Weights, first: int, last: int) -> None:
        self.flow, self.weights, self.rows = flow, weights, range(first, last + 1)
        self.first = first
        self.edges = [e for e in range(len(flow.reader)) if flow.reader[e] in self.rows]

    def leaves(self, row: int) -> bool:
        """Whether somebody outside reads the row's output."""
        return self.flow.last_use[row] not in self.rows

    def offchip_bytes(self) -> float:
        seen: set[int] = set()
        total = sum(self.weights.offchip_bytes[row] for row in self.rows)
        for e in self.edges:
            tensor = self.flow.source[e]
            if tensor < self.first:
                total += self.flow.repeat_bytes[e] if tensor in seen else self.flow.read_bytes[e]
            seen.add(tensor)
        return total + sum(self.flow.output_bytes[row] for row in self.rows if self.leaves(row))

    def streamed_bytes(self) -> float:
        total = sum(self.weights.offchip_bytes[row] for row in self.rows)
        total += sum(self.flow.leaving_bytes[row] for row in self.rows if self.leaves(row))
        for tensor in {int(self.flow.source[e]) for e in self.edges}:
            readers = [e for e in range(len(self.flow.reader)) if self.flow.source[e] == tensor]
            inside = [e for e in readers if e in self.edges]
            largest = 0.0  # lines any reader so far keeps; the first inside keeps its own
            for e in readers:
                if e == inside[0]:
                    total += self.flow.rolling_bytes[e]
                elif e in inside:
                    total += max(0.0, self.flow.rolling_bytes[e] - largest)
                largest = max(largest, self.flow.rolling_bytes[e])
        return total

    def resident_bytes(self) -> float:
        return max(self._alive(row) for row in self.rows)

    def _alive(self, row: int) -> float:
        flow, total = self.flow, self.weights.tile_bytes[row]
        tensors = {int(flow.source[e]) for e in self.edges} | set(self.rows)
        for tensor in tensors:
            readers = [int(flow.reader[e]) for e in self.edges if flow.source[e] == tensor]
            if tensor >= self.first and (not readers or self._overwrites(tensor) is not None):
                if tensor == row and not readers and self._overwrites(tensor) is None:
                    total += flow.leaving_bytes[row]
                if not readers:
                    continue
            if tensor < self.first and len(readers) == 1:
                total += self._streamed_in(tensor) if row == readers[0] else 0.0
                continue
            begin = tensor if tensor >= self.first else readers[0]
            if begin <= row <= readers[-1] and not (begin == row and self._overwrites(tensor) is not None):
                total += self._whole(tensor)
        return total

    def _whole(self, tensor: int) -> float:
        return next(self.flow.held_bytes[e] for e in self.edges if self.flow.source[e] == tensor)

    def _streamed_in(self, tensor: int) -> float:
        edge = next(e for e in self.edges if self.flow.source[e] == tensor)
        row = self.flow.reader[edge]
        spare = max(self.weights.offchip_bytes[row] - self.weights.tile_bytes[row], 0.0)
        return min(self.flow.held_bytes[edge], spare + 2 * self.flow.stripe_bytes[edge])

    def _overwrites(self, row: int) -> int | None:
        """The tensor held in this group over which the row writes its output."""
        for e in self.edges:
            tensor = int(self.flow.source[e])
            if self.flow.reader[e] != row or not self.flow.reusable[e] or self.flow.last_use[tensor] != row:
                continue
            readers = [x for x in self.edges if self.flow.source[x] == tensor]
            if tensor >= self.first or len(readers) > 1:
                return tensor
        return None


def fewest_bytes(flow: Dataflow, weights: Weights, tiles: Staircase, size: float) -> float:
    """The fewest off-chip bytes over every cut of the rows into consecutive groups."""
    rows = range(flow.rows)
    price = {(a, b): _group_bytes(flow, weights, tiles, size, (a, b)) for a in rows for b in rows if a <= b}
    every_cut = (cuts for count in rows for cuts in combinations(rows[1:], count))
    bounds = ((0, *cuts, flow.rows) for cuts in every_cut)
    return min(sum(price[a, b - 1] for a, b in pairwise(edges)) for edges in bounds)


def _group_bytes(flow: Dataflow, weights: Weights, tiles: Staircase, size: float, group: Group) -> float:
    first, last = group
    if first == last:
        fitting = tiles.buffer_bytes[:, first] <= size
        return float(np.min(tiles.offchip_bytes[fitting, first], initial=np.inf))
    oracle = GroupOracle(flow, weights, first, last)
    fits = min(oracle.resident_bytes(), oracle.streamed_bytes()) <= size
    return oracle.offchip_bytes() if fits else np.inf
