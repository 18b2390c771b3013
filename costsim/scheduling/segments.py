"""Groups of consecutive rows: the bytes each must move, and the buffer it needs to move no more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costsim.scheduling.dataflow import Dataflow
from costsim.scheduling.placement import Buffer


@dataclass(frozen=True)
class Segments:
    """Every group ``first..last`` of consecutive rows. Square arrays are ``(first, last)``.

    A group reads every tensor that comes from outside once, every weight once, and writes once what
    somebody outside reads. Nothing else leaves the chip, and nothing is computed twice.
    """

    reads: np.ndarray
    """``(first, row)`` bytes a row reads from outside a group that begins at ``first``."""
    offchip_bytes: np.ndarray
    """``(first, last)`` of the whole group: what no group of these rows can go below."""
    resident_bytes: np.ndarray
    """``(first, last)`` buffer to run row after row with whole maps on chip."""
    streamed_bytes: np.ndarray
    """``(first, last)`` buffer to run all rows line by line, all weights on chip."""

    @classmethod
    def none(cls, rows: int) -> Segments:
        """Where every row runs alone."""
        return cls(np.zeros((rows, rows)), *np.full((3, rows, rows), np.inf))

    @property
    def buffer_bytes(self) -> np.ndarray:
        """The buffer of the better way to run each group."""
        return np.minimum(self.resident_bytes, self.streamed_bytes)


@dataclass(frozen=True)
class Weights:
    """Weights of every row, ``(rows,)`` bytes."""

    offchip_bytes: np.ndarray
    """Those that have to be fetched."""
    tile_bytes: np.ndarray
    """The part on chip while maps are whole: the kernels the array works on, and the next ones."""


def segments(flow: Dataflow, weights: Weights, *, separate_weights: float | None = None) -> Segments:
    """Price all groups of consecutive rows of one dataflow."""
    reads = _per_edge(flow, flow.read_bytes, flow.repeat_bytes, counts_from=flow.source)
    inside = np.tri(flow.rows, dtype=bool).T  # (first, last) that are groups
    fetched = weights.offchip_bytes * inside
    offchip = np.cumsum(reads + fetched, axis=1) + _writes(flow, flow.output_bytes)
    streamed_weights = np.cumsum(fetched, axis=1)
    seen = _running_largest(flow, flow.rolling_bytes)
    wider = np.maximum(flow.rolling_bytes - seen, 0.0)
    rolling = _per_edge(flow, flow.rolling_bytes, wider, counts_from=np.full_like(flow.source, -1))
    streamed = np.cumsum(rolling, axis=1) + _writes(flow, flow.leaving_bytes)
    if separate_weights is None:
        streamed = streamed + streamed_weights
    else:
        streamed = np.where(streamed_weights <= separate_weights, streamed, np.inf)
    return Segments(
        reads=reads,
        offchip_bytes=np.where(inside, offchip, np.inf),
        resident_bytes=resident_need(flow, weights, separate_weights),
        streamed_bytes=np.where(inside, streamed, np.inf),
    )


def _per_edge(flow: Dataflow, first_use: np.ndarray, repeat: np.ndarray, *, counts_from: np.ndarray) -> np.ndarray:
    """``(first, row)``: what a row takes in for a group that begins at ``first``.

    A tensor counts in full for its first reader in the group and with ``repeat`` for later ones, in
    groups that begin after row ``counts_from`` only: after its writer if maps from inside are free.
    """
    step = np.zeros((flow.rows + 1, flow.rows))
    earlier_reader = np.where(flow.previous == flow.source, -1, flow.previous)
    full_from = np.maximum(earlier_reader, counts_from) + 1
    np.add.at(step, (full_from, flow.reader), first_use)
    np.add.at(step, (flow.reader + 1, flow.reader), -first_use)
    np.add.at(step, (counts_from + 1, flow.reader), repeat)
    np.add.at(step, (full_from, flow.reader), -repeat)
    for first in range(1, flow.rows):  # np.cumsum down the columns takes five times as long
        step[first] += step[first - 1]
    return step[:-1]


def _writes(flow: Dataflow, size: np.ndarray) -> np.ndarray:
    """``(first, last)``: sum of ``size`` over the rows of a group that somebody outside reads."""
    total = np.zeros((flow.rows + 1, flow.rows))
    for row, (bytes_out, last_use) in reversed(
        list(enumerate(zip(size.tolist(), flow.last_use.tolist(), strict=True)))
    ):
        total[row] = total[row + 1]
        total[row, row:last_use] += bytes_out
    return total[:-1]


def _running_largest(flow: Dataflow, size: np.ndarray) -> np.ndarray:
    """Per edge: the largest ``size`` among earlier readers of the same tensor."""
    largest: dict[int, float] = {}
    before = np.zeros(len(size))
    for edge, (tensor, value) in enumerate(zip(flow.source.tolist(), size.tolist(), strict=True)):
        before[edge] = largest.get(tensor, 0.0)
        largest[tensor] = max(before[edge], value)
    return before


def resident_need(
    flow: Dataflow, weights: Weights, separate_weights: float | None, *, outside: bool = True
) -> np.ndarray:
    """``(first, last)``: the most bytes alive at once, each row running over whole maps.

    While a row runs there are its weight tile, every map a row of the group wrote or read and a later
    one still reads, and stripes of what comes from or goes outside. A row fed from outside reads both
    its operands once only if it holds one of them whole. An op that may run in place and reads a map
    nobody reads later needs no second one. Without an ``outside``, maps that come from or go there lie
    on chip whole.
    """
    rows = flow.rows
    live = np.zeros((rows, rows))  # (row, first)
    peak = np.zeros(rows)
    need = np.full((rows, rows), np.inf)  # (last, first)
    tiles = weights.tile_bytes if separate_weights is None else np.zeros(rows)
    stripes_out = (flow.leaving_bytes if outside else flow.output_bytes).tolist()
    overwrites_from = [-1] * rows  # last ``first`` for which a row finds its input inside and may overwrite it
    dies = (flow.reusable & (flow.last_use[flow.source] == flow.reader)).tolist()
    columns = (flow.reader, flow.source, flow.previous, flow.held_bytes)
    edges = list(enumerate(zip(*(column.tolist() for column in columns), strict=True)))[::-1]
    last_read: dict[int, tuple[int, float]] = {}
    for row in range(rows):
        live[row, : row + 1] += tiles[row] + stripes_out[row]
        lowest = row
        while edges and edges[-1][1][0] == row:
            edge, (_, tensor, before, held) = edges.pop()
            from_outside = outside_bytes(flow, weights, edge, separate_weights) if outside else held
            live[row, before + 1 : row + 1] += from_outside
            if before >= 0:
                live[before + 1 : row + 1, : before + 1] += held
                if before == tensor:
                    live[before, : before + 1] += held - stripes_out[before]
                    live[before, : overwrites_from[before] + 1] -= held - stripes_out[before]
                else:
                    earlier, streamed = last_read[tensor]  # groups that begin after ``earlier`` had it in stripes
                    live[before, earlier + 1 : before + 1] += held - streamed
                if dies[edge]:
                    overwrites_from[row] = max(overwrites_from[row], before if outside else row)
                lowest = min(lowest, before)
            last_read[tensor] = (before, from_outside)
        live[row, : overwrites_from[row] + 1] -= stripes_out[row]
        np.maximum(peak[: row + 1], live[lowest : row + 1, : row + 1].max(axis=0), out=peak[: row + 1])
        need[row, : row + 1] = peak[: row + 1]
    return need.T


def outside_bytes(flow: Dataflow, weights: Weights, edge: int, separate_weights: float | None) -> float:
    """What a row keeps of an operand from outside: stripes beside all its weights, or the whole map."""
    row, held = int(flow.reader[edge]), float(flow.held_bytes[edge])
    total, tile = float(weights.offchip_bytes[row]), float(weights.tile_bytes[row])
    beside = max(total - tile, 0.0) if separate_weights is None else 0.0 if total <= separate_weights else np.inf
    return min(held, beside + 2 * float(flow.stripe_bytes[edge]))


def resident_buffers(
    flow: Dataflow, weights: Weights, first: int, last: int, separate_weights: float | None, *, outside: bool = True
) -> list[Buffer]:
    """The buffers of one resident group, for placement; alive together they are ``resident_need``."""
    inside = slice(*np.searchsorted(flow.reader, (first, last + 1)))
    source, reader, held = (column[inside].tolist() for column in (flow.source, flow.reader, flow.held_bytes))
    tiles, leaving = weights.tile_bytes.tolist(), (flow.leaving_bytes if outside else flow.output_bytes).tolist()
    buffers = []
    edges_of: dict[int, list[int]] = {}
    for edge, tensor in enumerate(source):
        edges_of.setdefault(tensor, []).append(edge)
    keeps: dict[int, tuple[int, int]] = {}  # tensors held whole: first and last step
    for tensor, edges in edges_of.items():
        reads_first, reads_last = reader[edges[0]], reader[edges[-1]]
        if tensor >= first or len(edges) > 1 or not outside:
            keeps[tensor] = (tensor if tensor >= first else reads_first, reads_last)
        else:
            size = outside_bytes(flow, weights, inside.start + edges[0], separate_weights)
            buffers.append(Buffer(f"input of {reads_first}", size, reads_first, reads_first))
    place_of: dict[int, int] = {}  # tensor written over another: the one whose memory it takes
    dies = flow.reusable[inside] & (flow.last_use[flow.source[inside]] == flow.reader[inside])
    for edge in np.flatnonzero(dies).tolist():
        if source[edge] in keeps:
            place_of.setdefault(reader[edge], source[edge])
    for row in range(first, last + 1):
        if separate_weights is None:
            buffers.append(Buffer(f"weights of {row}", tiles[row], row, row))
        if row not in place_of and row not in keeps:
            buffers.append(Buffer(f"output of {row}", leaving[row], row, row))
    spans: dict[int, tuple[int, int]] = {}
    for tensor, (begin, end) in keeps.items():
        root = tensor
        while root in place_of:
            root = place_of[root]
        known = spans.get(root, (begin, end))
        spans[root] = (min(known[0], begin), max(known[1], end))
    buffers += [Buffer(f"map {tensor}", held[edges_of[tensor][0]], *span) for tensor, span in spans.items()]
    return buffers
