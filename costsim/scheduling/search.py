"""The best cut of a network into groups, for every buffer size at once.

Two goals, fewest bytes and least time, can pull apart, and then neither optimum alone keeps the promise
that a larger buffer is never slower *and* never moves more. So plans are chosen on a ladder: dynamic
programming finds the plan with the fewest bytes for every buffer size at which anything changes; of the
rungs that fit, the fastest is taken, the one that moves least among equals. Going up, rungs are only added,
and each moves at most what the one below moves: both promises hold by construction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from costsim.scheduling.segments import Segments
from costsim.scheduling.tiling import Staircase

Pricing = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""``(rows, rungs)`` activation and weight bytes to ``(rungs, points)`` seconds of the whole network."""


SIZES_AT_ONCE = 512
"""Buffer sizes solved in one pass: few enough for the recurrence to stay in cache."""


@dataclass(frozen=True)
class Ladder:
    """The plans of fewest bytes for ascending buffer sizes. Arrays are ``(rows, rungs)``."""

    sizes: np.ndarray
    """``(rungs,)`` bytes."""
    first: np.ndarray
    """First row of the group each row runs in."""
    last: np.ndarray
    reads: np.ndarray
    """Activation bytes from off chip."""
    writes: np.ndarray
    weights: np.ndarray

    def join(self, other: Ladder) -> Ladder:
        """The rungs of both, these first; no longer in order of size."""
        return Ladder(
            np.append(self.sizes, other.sizes),
            *(
                np.hstack([getattr(self, name), getattr(other, name)])
                for name in ("first", "last", "reads", "writes", "weights")
            ),
        )

    def pick(self, capacity: np.ndarray, price: Pricing, placed: Callable[[int], float]) -> np.ndarray:
        """``(points,)`` the rung to take for each capacity; -1 where even the lowest cannot be placed.

        Args:
            capacity: ``(points,)`` bytes.
            price: seconds of the network for activation and weight bytes.
            placed: bytes a rung takes once every buffer has an address. Where that is more than there
                is, only rungs below are looked at further, which keeps both promises.
        """
        seconds = price(self.reads + self.writes, self.weights)
        seconds = np.broadcast_to(seconds, (len(self.sizes), len(capacity)))
        rungs = np.searchsorted(self.sizes, capacity, side="right")
        picked = np.full(len(capacity), -1)
        left = np.flatnonzero(rungs > 0)
        while len(left):
            below = np.arange(len(self.sizes))[:, None] < rungs[left]
            own = np.where(below, seconds[:, left], np.inf)
            among = own <= own.min(axis=0) * (1 + 1e-12)
            best = len(self.sizes) - 1 - np.argmax(among[::-1], axis=0)
            heights = {rung: placed(rung) for rung in np.unique(best).tolist()}
            fits = np.array([heights[rung] for rung in best.tolist()]) <= capacity[left]
            picked[left[fits]] = best[fits]
            rungs[left[~fits]] = best[~fits]
            left = left[~fits & (best > 0)]
        return picked


def build_ladder(
    groups: Segments, tiles: Staircase, allowed: np.ndarray, weights: np.ndarray, outputs: np.ndarray, largest: float
) -> Ladder:
    """Dynamic programming over all cuts, for every size up to ``largest`` at which a plan may change.

    Args:
        groups: buffer and bytes of groups of two and more rows.
        tiles: buffer and bytes of single rows.
        allowed: ``(first, last)`` groups the plan may use; single rows always are.
        weights: ``(rows,)`` bytes of off-chip weights, each fetched once in a group.
        outputs: ``(rows, last)`` bytes a row writes if its group ends at ``last``.
        largest: the largest buffer asked for.
    """
    rows = len(weights)
    buffer = np.where(allowed & np.triu(np.ones_like(allowed), 1).astype(bool), groups.buffer_bytes, np.inf)
    sizes = _sizes(buffer, tiles, largest)
    step = np.stack([np.searchsorted(tiles.buffer_bytes[:, row], sizes, side="right") - 1 for row in range(rows)])
    single = np.where(step >= 0, tiles.offchip_bytes[np.maximum(step, 0), np.arange(rows)[:, None]], np.inf)
    chunks = [slice(at, at + SIZES_AT_ONCE) for at in range(0, len(sizes), SIZES_AT_ONCE)]
    solved = [_cheapest(buffer, groups.offchip_bytes, single[:, chunk], sizes[chunk]) for chunk in chunks]
    total, cut = (np.concatenate(parts, axis=-1) for parts in zip(*solved, strict=True))
    rungs = np.flatnonzero(np.isfinite(total) & np.append(True, total[1:] < total[:-1]))
    first, last = _trace(cut[:, rungs], rows)
    alone = first == last
    at = np.arange(rows)[:, None]
    tile = np.maximum(step[:, rungs], 0)
    reads = groups.reads[first, at]
    writes = outputs[at, last]
    return Ladder(
        sizes=sizes[rungs],
        first=first,
        last=last,
        reads=np.where(alone, tiles.activation_bytes[tile, at] - outputs[at, at], reads),
        writes=np.where(alone, outputs[at, at], writes),
        weights=np.where(alone, tiles.weight_bytes[tile, at], weights[:, None]),
    )


def _cheapest(
    buffer: np.ndarray, group_bytes: np.ndarray, single_bytes: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The recurrence: fewest bytes of all rows ``(sizes,)``, and for every end the first row of its group.

    best(row + 1) = min(best(row) + single(row), min over first of best(first) + group(first, row))
    """
    rows = len(single_bytes)
    best = np.full((rows + 1, len(sizes)), np.inf)
    cut = np.zeros((rows + 1, len(sizes)), dtype=int)
    best[0] = 0.0
    for row in range(rows):
        starts = np.flatnonzero(buffer[:row, row] <= sizes[-1])
        choices = np.empty((len(starts) + 1, len(sizes)))
        np.add(best[starts], group_bytes[starts, row, None], out=choices[1:])
        choices[1:][buffer[starts, row, None] > sizes] = np.inf
        np.add(best[row], single_bytes[row], out=choices[0])
        chosen = choices.argmin(axis=0)
        best[row + 1] = choices[chosen, np.arange(len(sizes))]
        cut[row + 1] = np.append(row, starts)[chosen]
    return best[rows], cut


def _sizes(buffer: np.ndarray, tiles: Staircase, largest: float) -> np.ndarray:
    total = tiles.offchip_bytes
    drops = np.vstack([np.ones_like(total[:1], dtype=bool), total[1:] < total[:-1]])
    sizes = np.unique(np.concatenate([tiles.buffer_bytes[drops], buffer.ravel()]))
    return sizes[(sizes >= tiles.least_bytes.max()) & (sizes <= largest)]


def _trace(cut: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """``(rows, rungs)`` first and last row of the group of every row, walking the cuts backwards."""
    rungs = np.arange(cut.shape[1])
    first, last = np.empty((rows, len(rungs)), dtype=int), np.empty((rows, len(rungs)), dtype=int)
    start, end = cut[rows], np.full(len(rungs), rows - 1)
    for row in reversed(range(rows)):
        new = row < start
        end = np.where(new, row, end)
        start = np.where(new, cut[row + 1, rungs], start)
        first[row], last[row] = start, end
    return first, last
