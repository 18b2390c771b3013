"""The plan of a compiler that keeps maps whole: every one at its address in the banks, or off chip for good."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from costsim.scheduling.banks import BANK_ORDERS, BankRules, Banks, place_in_banks
from costsim.scheduling.dataflow import Dataflow
from costsim.scheduling.placement import Buffer, Placement, most_alive_bytes
from costsim.scheduling.planner import Planner
from costsim.scheduling.search import Pricing
from costsim.tables.plan import HOST, RESIDENT, TILED, Plan


@dataclass(frozen=True)
class _Map:
    """A map in memory, and whose traffic it is where it lies off chip."""

    buffer: Buffer
    tensor: int | None = None
    """The row that writes it, -1 the network's input; None for what a row keeps for itself."""
    row: int = -1
    """The row that keeps it for itself."""


class BankedPlans(Planner):
    """As few of the largest maps as possible go off chip, until some order finds the others room.

    Which maps these are depends on their number alone, so a larger memory never moves more. Images of a batch
    run one after another; the network's input and outputs lie on chip like all maps.
    """

    def plans(self, sizes: np.ndarray, price: Pricing) -> list[tuple[np.ndarray, Plan]]:
        self.require_tiles(sizes)
        points: dict[tuple[int, float], list[int]] = {}
        for point, size in enumerate(sizes.tolist()):
            points.setdefault(self._heights.fewest_away(size), []).append(point)
        return [(np.array(here), self._plan(*choice)) for choice, here in points.items()]

    def bank_bytes(self, size_bytes: float) -> tuple[float, ...]:
        """What the plan for so large a memory takes of each bank, in order of their addresses."""
        away, order = self._heights.first_that_fits(size_bytes)
        return self._banked.banks.used_each(self._heights.placement(away, order))

    @cached_property
    def _images(self) -> float:
        return float(self.ops.n.max())

    @cached_property
    def _maps(self) -> list[_Map]:
        """Largest first."""
        maps = _maps(self.flow, self._banked, self._images)
        return sorted(maps, key=lambda m: (-m.buffer.size_bytes, -m.buffer.first))

    @cached_property
    def _heights(self) -> _Heights:
        return _Heights([m.buffer for m in self._maps], self._banked.banks)

    @property
    def _banked(self) -> BankRules:
        assert self.rules.banked is not None
        return self.rules.banked

    def _plan(self, away: int, used_bytes: float) -> Plan:
        moved = _traffic(self.flow, self._maps[:away], self._images)
        spills = (moved["input_bytes"] + moved["output_bytes"]) > 0
        mode = np.where(self.rules.on_host, HOST, np.where(spills, TILED, RESIDENT))
        begins = (mode != RESIDENT) | np.append(True, mode[1:] != mode[:-1])
        fitting = used_bytes if away == 0 else self._heights.least()
        columns = moved | {
            "weight_bytes": self.weights.offchip_bytes * self._images,
            "least_bytes": self.tiles.least_bytes,
            "group": np.cumsum(begins) - 1,
            "mode": mode,
            "buffer_bytes": np.full(self.flow.rows, used_bytes),
            "fitting_bytes": np.full(self.flow.rows, fitting),
        }  # fmt: skip
        return Plan.of_point(columns)


class _Heights:
    """Bytes the banks need without the largest maps, for as many of these as are asked for."""

    def __init__(self, buffers: list[Buffer], banks: Banks) -> None:
        self._buffers, self._banks = buffers, banks
        self._known: dict[tuple[int, int], float] = {}
        self._alive: dict[int, float] = {}

    def least(self) -> float:
        """With which every map has room, by some order."""
        return min(self._height(0, order) for order in range(len(BANK_ORDERS)))

    def fewest_away(self, size_bytes: float) -> tuple[int, float]:
        """How many of the largest maps have to leave, and what the first order that places the others needs."""
        away, order = self.first_that_fits(size_bytes)
        return away, self._height(away, order)

    def first_that_fits(self, size_bytes: float) -> tuple[int, int]:
        """How many of the largest maps have to leave, and the number of the first order that places the others."""
        for away in range(len(self._buffers) + 1):
            if away not in self._alive:
                self._alive[away] = most_alive_bytes(self._buffers[away:])
            if self._alive[away] <= size_bytes:
                orders = (o for o in range(len(BANK_ORDERS)) if self._height(away, o) <= size_bytes)
                if (order := next(orders, None)) is not None:
                    return away, order
        raise AssertionError("without maps there is nothing to place")

    def placement(self, away: int, order: int) -> Placement:
        """Where all but the largest maps lie."""
        return place_in_banks(self._buffers[away:], self._banks, BANK_ORDERS[order])

    def _height(self, away: int, order: int) -> float:
        if (away, order) not in self._known:
            self._known[away, order] = self._banks.used_bytes(self.placement(away, order))
        return self._known[away, order]


def _maps(flow: Dataflow, rules: BankRules, images: float) -> list[_Map]:
    """Everything that needs an address. A row takes three steps, one for each pass of a kernel run in passes:

    the first copies an operand, or writes sums; the second reads these and writes others; the last writes the output.
    """
    last_read: dict[int, int] = {}
    held: dict[int, float] = {}
    first_edge = np.searchsorted(flow.reader, np.arange(flow.rows))
    for edge, (tensor, row) in enumerate(zip(flow.source.tolist(), flow.reader.tolist(), strict=True)):
        copied = rules.copied_bytes[row] > 0 and edge == first_edge[row]
        step = 0 if copied else 1 if rules.own_bytes[row] else 2
        last_read[tensor] = max(last_read.get(tensor, -1), 3 * row + step)
        held[tensor] = max(held.get(tensor, 0.0), float(flow.held_bytes[edge] * rules.operand_ratio[row]))
    end = 3 * flow.rows - 1
    maps = [_Map(Buffer("input", held[-1] / images, 0, last_read[-1]), tensor=-1)] if -1 in held else []
    for row in range(flow.rows):
        first, middle, last = range(3 * row, 3 * row + 3)
        size = held.get(row, float(flow.output_bytes[row])) / images
        maps.append(_Map(Buffer(f"output of {row}", size, last, last_read.get(row, end)), tensor=row))
        copied, sums = float(rules.copied_bytes[row]) / images, float(rules.sum_bytes[row]) / images
        for own in rules.own_bytes[row]:
            maps.append(_Map(Buffer(f"own map of {row}", own / images, first, last), row=row))
        if copied:
            maps.append(_Map(Buffer(f"copy for {row}", copied, first, last), row=row))
        if sums:
            maps += [
                _Map(Buffer(f"sums of {row}", sums, *steps), row=row) for steps in ((first, middle), (middle, last))
            ]
    return maps


def _traffic(flow: Dataflow, away: list[_Map], images: float) -> dict[str, np.ndarray]:
    """Bytes rows move because these maps lie off chip: written once, and read by every reader."""
    reads, writes = np.zeros(flow.rows), np.zeros(flow.rows)
    gone = np.zeros(flow.rows + 1, dtype=bool)  # the last entry is the network's input
    for entry in away:
        if entry.tensor is not None:
            gone[entry.tensor] = True
        else:
            reads[entry.row] += entry.buffer.size_bytes * images
            writes[entry.row] += entry.buffer.size_bytes * images
    np.add.at(reads, flow.reader, np.where(gone[flow.source], flow.read_bytes, 0.0))
    writes += np.where(gone[:-1], flow.output_bytes, 0.0)
    return {"input_bytes": reads, "output_bytes": writes, "spilled_bytes": writes}
