"""What a shard keeps of its points, and how the shards' reductions add up.

Every reduction is associative and made shard by shard in order, so that the result is the same
whatever the number of workers, and memory does not grow with the space.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from costsim.sweep.engine import PRICED
from costsim.sweep.spec import SweepSpec

OUTCOMES = ("priced", "impossible", "refused", "does not fit")

BINS_PER_DECADE = 200
"""Quantiles come from a histogram in logarithmic bins: 1.2 % wide."""

Summary = dict[str, Any]


def best_rows(table: pd.DataFrame, spec: SweepSpec) -> pd.DataFrame:
    """The ``top`` rows of the first objective, ties in order of their point."""
    objective, direction = next(iter(spec.objectives.items()))
    known = table.dropna(subset=[objective])
    return known.sort_values([objective, "point"], ascending=[direction == "min", True], kind="stable").head(spec.top)


def pareto_rows(table: pd.DataFrame, spec: SweepSpec) -> pd.DataFrame:
    """Rows that no other row is at least as good as in all objectives, in order of their point."""
    known = table.dropna(subset=list(spec.objectives))
    signs = np.array([1.0 if direction == "min" else -1.0 for direction in spec.objectives.values()])
    losses = known[list(spec.objectives)].to_numpy() * signs
    return known[_undominated(losses)].sort_values("point")


def _undominated(losses: np.ndarray) -> np.ndarray:
    """Mask of the rows of ``(rows, objectives)`` on the Pareto front; of equal rows the first."""
    order = np.lexsort(losses.T[::-1])
    front: list[int] = []
    best = np.empty((0, losses.shape[1]))
    for row in order:  # sorted: whoever dominates a row comes before it
        if not (best <= losses[row]).all(axis=1).any():
            front.append(int(row))
            best = losses[front]
    mask = np.zeros(len(losses), dtype=bool)
    mask[front] = True
    return mask


def prefilter(table: pd.DataFrame, spec: SweepSpec) -> pd.DataFrame:
    """Rows that may be on the front: a cheap pass that throws out what a few good rows dominate."""
    signs = np.array([1.0 if direction == "min" else -1.0 for direction in spec.objectives.values()])
    losses = table[list(spec.objectives)].to_numpy() * signs
    keep = np.ones(len(table), dtype=bool)
    for axis in range(losses.shape[1]):
        champion = losses[np.lexsort((*np.delete(losses, axis, axis=1).T, losses[:, axis]))[0]]
        keep &= (losses < champion).any(axis=1) | (losses == champion).all(axis=1)
    return table[keep]


def summarise(table: pd.DataFrame, spec: SweepSpec) -> Summary:
    """Counts per outcome, and for every objective its histogram and what each axis value does to it."""
    priced = table[table["outcome"] == PRICED]
    counts = np.bincount(table["outcome"], minlength=len(OUTCOMES))
    summary: Summary = {"outcomes": dict(zip(OUTCOMES, counts.tolist(), strict=True)), "histogram": {}, "effect": {}}
    for objective in spec.objectives:
        known = priced.dropna(subset=[objective])
        bins = np.floor(np.log10(known[objective].clip(lower=1e-12)) * BINS_PER_DECADE).astype(int)
        summary["histogram"][objective] = {str(k): int(v) for k, v in bins.value_counts().sort_index().items()}
        summary["effect"][objective] = {}
        for axis in spec.space.axes:
            summary["effect"][objective][axis.name] = _effect(known[axis.name], known[objective].to_numpy())
    return summary


def _effect(values: pd.Series, losses: np.ndarray) -> dict[str, list[float]]:
    """Count, sum, least and most of the objective at each value of an axis."""
    group_of, distinct = pd.factorize(values.map(str) if values.dtype == object else values)
    counts = np.bincount(group_of, minlength=len(distinct))
    sums = np.bincount(group_of, weights=losses, minlength=len(distinct))
    least, most = np.full(len(distinct), np.inf), np.full(len(distinct), -np.inf)
    np.minimum.at(least, group_of, losses)
    np.maximum.at(most, group_of, losses)
    columns = (counts.tolist(), sums.tolist(), least.tolist(), most.tolist())
    effect = {str(value): list(row) for value, *row in zip(distinct, *columns, strict=True)}
    return dict(sorted(effect.items()))


def add_up(summaries: list[Summary]) -> Summary:
    """One summary of many."""
    whole: Summary = {"outcomes": dict.fromkeys(OUTCOMES, 0), "histogram": {}, "effect": {}}
    for part in summaries:
        for outcome, count in part["outcomes"].items():
            whole["outcomes"][outcome] += count
        for objective, bins in part["histogram"].items():
            histogram = whole["histogram"].setdefault(objective, {})
            for key, count in bins.items():
                histogram[key] = histogram.get(key, 0) + count
        for objective, axes in part["effect"].items():
            for axis, values in axes.items():
                effects = whole["effect"].setdefault(objective, {}).setdefault(axis, {})
                for value, (count, total, low, high) in values.items():
                    c, t, lo, hi = effects.get(value, (0, 0.0, np.inf, -np.inf))
                    effects[value] = [c + count, t + total, min(lo, low), max(hi, high)]
    return whole


def quantiles(histogram: dict[str, int], ratios: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> dict[str, float]:
    """Values below which these shares of the points lie, to a bin's width."""
    if not histogram:
        return {}
    bins = sorted((int(key), count) for key, count in histogram.items())
    below = np.cumsum([count for _, count in bins])
    rows = [int(np.searchsorted(below, ratio * below[-1])) for ratio in ratios]
    return {
        f"{ratio:g}": 10 ** ((bins[row][0] + 0.5) / BINS_PER_DECADE) for ratio, row in zip(ratios, rows, strict=True)
    }
