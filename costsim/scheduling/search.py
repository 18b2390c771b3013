"""The best cut of a network into groups, for every buffer size at once.

Two goals, fewest bytes and least time, can pull apart, and then neither optimum alone keeps the promise
that a larger buffer is never slower *and* never moves more. So plans are chosen on a ladder: dynamic
programming finds the plan with the fewest bytes for every buffer size at which anything changes; of the
rungs that fit, the fastest is taken, the one that moves least among equals. Going up, rungs are only added,
and each moves at most what the one below moves: both promises hold by construction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from costsim.scheduling.segments import Segments
from costsim.scheduling.tiling import Staircase
from costsim.tables.cache import Cache

Pricing = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""``(rows, rungs)`` activation and weight bytes, and points, to ``(rungs, points)`` seconds of the whole network."""

MANY_POINTS = 64
"""From so many points on it pays to find out first which rungs can be the fastest at any of them."""


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
    kept: Cache = field(init=False, default_factory=Cache, repr=False, compare=False)

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
        moved, everything = self.reads + self.writes, np.arange(len(self.sizes))
        all_seconds = None
        if len(capacity) < MANY_POINTS:
            all_seconds = price(moved, self.weights, np.arange(len(capacity)))
            all_seconds = np.broadcast_to(all_seconds, (len(self.sizes), len(capacity)))
        rungs = np.searchsorted(self.sizes, capacity, side="right")
        picked = np.full(len(capacity), -1)
        left = np.flatnonzero(rungs > 0)
        while len(left):
            if all_seconds is not None:
                tried, seconds = everything, all_seconds[:, left]
            else:
                counts = np.unique(rungs[left])
                worth = self.kept.get("worth trying", (counts,), partial(self._worth_trying, counts))
                tried, seconds = worth[0], price(worth[1], worth[2], left)
                seconds = np.broadcast_to(seconds, (len(tried), len(left)))
            own = np.where(tried[:, None] < rungs[left], seconds, np.inf)
            among = own <= own.min(axis=0) * (1 + 1e-12)
            best = tried[len(tried) - 1 - np.argmax(among[::-1], axis=0)]
            heights = {rung: placed(rung) for rung in np.unique(best).tolist()}
            fits = np.array([heights[rung] for rung in best.tolist()]) <= capacity[left]
            picked[left[fits]] = best[fits]
            rungs[left[~fits]] = best[~fits]
            left = left[~fits & (best > 0)]
        return picked

    def _worth_trying(self, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rungs that none above beats among the lowest ``count``, for any of these counts; the bytes they move."""
        rung = np.arange(len(self.sizes))[:, None]
        tried = np.flatnonzero(((rung < counts) & (self._beaten_by[:, None] >= counts)).any(axis=1))
        return tried, (self.reads + self.writes)[:, tried], self.weights[:, tried]

    @cached_property
    def _beaten_by(self) -> np.ndarray:
        """``(rungs,)`` the next rung above that moves no more in any row and so is no slower; their number if none."""
        moved = np.vstack([self.reads + self.writes, self.weights])
        beaten_by = np.full(len(self.sizes), len(self.sizes))
        for rung in range(len(self.sizes) - 1):
            beats = (moved[:, rung + 1 :] <= moved[:, [rung]]).all(axis=0)
            if beats.any():
                beaten_by[rung] = rung + 1 + np.argmax(beats)
        return beaten_by


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
    at = np.arange(rows)[:, None]
    usable = allowed & (at < at.T)
    need, moved = np.where(usable, groups.buffer_bytes, np.inf).T.copy(), groups.offchip_bytes.T.copy()
    sizes = _sizes(need, tiles, largest)
    step = _steps(tiles, sizes)
    single = tiles.offchip_bytes[step, at]
    chunks = [slice(begin, begin + SIZES_AT_ONCE) for begin in range(0, len(sizes), SIZES_AT_ONCE)]
    rungs, best, lowest = [np.empty(0, dtype=int)], [np.empty((rows + 1, 0))], np.inf
    for chunk in chunks:
        bytes_before = _fewest_bytes(need, moved, single[:, chunk], sizes[chunk])
        total = bytes_before[rows]
        better = np.flatnonzero(total < np.append(lowest, total[:-1]))
        rungs.append(better + chunk.start)
        best.append(bytes_before[:, better])
        lowest = total[-1]
    rung = np.concatenate(rungs)
    first, last = _trace(np.hstack(best), need, moved, single[:, rung], sizes[rung])
    alone = first == last
    tile = step[:, rung]
    writes = outputs[at, last]
    return Ladder(
        sizes=sizes[rung],
        first=first,
        last=last,
        reads=np.where(alone, tiles.activation_bytes[tile, at] - outputs[at, at], groups.reads[first, at]),
        writes=np.where(alone, outputs[at, at], writes),
        weights=np.where(alone, tiles.weight_bytes[tile, at], weights[:, None]),
    )


def _steps(tiles: Staircase, sizes: np.ndarray) -> np.ndarray:
    """``(rows, sizes)`` the highest step of every row that each size holds; all sizes hold the first ones."""
    rows = tiles.buffer_bytes.shape[1]
    begins = np.zeros((rows, len(sizes) + 1), dtype=int)
    np.add.at(begins, (np.arange(rows), np.searchsorted(sizes, tiles.buffer_bytes)), 1)
    return np.cumsum(begins[:, :-1], axis=1) - 1


def _fewest_bytes(need: np.ndarray, moved: np.ndarray, single: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The recurrence: ``(rows + 1, sizes)`` fewest bytes of all rows before each.

        best(row + 1) = min(best(row) + single(row), min over first of best(first) + moved(row, first))

    Args:
        need: ``(last, first)`` buffer of every group; infinite where there is none.
        moved: ``(last, first)`` bytes of every group.
        single: ``(rows, sizes)`` bytes of every row alone.
        sizes: ascending.
    """
    rows = len(single)
    best = np.zeros((rows + 1, len(sizes)))
    fits_some, misses_some = need <= sizes[-1], (need > sizes[0]) & np.tri(rows, k=-1, dtype=bool)
    begins = np.where(fits_some.any(axis=1), fits_some.argmax(axis=1), np.arange(rows)).tolist()
    certain = np.where(misses_some.any(axis=1), rows - misses_some[:, ::-1].argmax(axis=1), 0).tolist()
    for row in range(rows):
        np.add(best[row], single[row], out=best[row + 1])
        begin, sure = begins[row], max(begins[row], certain[row])
        if sure < row:  # these groups fit all sizes
            choices = best[sure:row] + moved[row, sure:row, None]
            np.minimum(best[row + 1], np.minimum.reduce(choices, axis=0), out=best[row + 1])
        if begin < sure:
            choices = best[begin:sure] + moved[row, begin:sure, None]
            np.putmask(choices, need[row, begin:sure, None] > sizes, np.inf)
            np.minimum(best[row + 1], np.minimum.reduce(choices, axis=0), out=best[row + 1])
    return best


def _sizes(need: np.ndarray, tiles: Staircase, largest: float) -> np.ndarray:
    total = tiles.offchip_bytes
    drops = np.vstack([np.ones_like(total[:1], dtype=bool), total[1:] < total[:-1]])
    sizes = np.concatenate([tiles.buffer_bytes[drops], need.ravel()])
    return np.unique(sizes[(sizes >= tiles.least_bytes.max()) & (sizes <= largest)])


def _trace(
    best: np.ndarray, need: np.ndarray, moved: np.ndarray, single: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """``(rows, rungs)`` first and last row of the group of every row, from the last group to the first.

    Arguments as above, at the sizes of the rungs, and the ``(rows + 1, rungs)`` fewest bytes found.
    """
    rows = len(single)
    end = np.full(len(sizes), rows - 1)
    begins = np.full(single.shape, -1)  # where a group ends with the row: its first row
    for row in reversed(range(rows)):
        (rungs,) = (end == row).nonzero()
        if not len(rungs):
            continue
        begins[row, rungs] = row
        (starts,) = (need[row, :row] <= sizes[rungs[-1]]).nonzero()
        if len(starts):
            groups = slice(starts[0], row)
            choices = best[groups].take(rungs, axis=1)
            choices += moved[row, groups, None]
            np.putmask(choices, need[row, groups, None] > sizes[rungs], np.inf)
            chosen = choices.argmin(axis=0)
            grouped = choices[chosen, np.arange(len(rungs))] < best[row, rungs] + single[row, rungs]
            begins[row, rungs[grouped]] = groups.start + chosen[grouped]
        end[rungs] = begins[row, rungs] - 1
    last = np.where(begins >= 0, np.arange(rows)[:, None], rows)
    last = np.minimum.accumulate(last[::-1], axis=0)[::-1]
    return np.take_along_axis(begins, last, axis=0), last
