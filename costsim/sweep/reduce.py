"""What a shard keeps of its points, and how the shards' reductions add up.

Every reduction is associative and made shard by shard in order, so that the result is the same
whatever the number of workers, and memory does not grow with the space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from costsim.sweep.effects import comparison, settings
from costsim.sweep.engine import OUTCOMES, PRICED
from costsim.sweep.points import columns_at
from costsim.sweep.spec import SweepSpec

BINS_PER_DECADE = 200
"""Quantiles come from a histogram in logarithmic bins: 1.2 % wide."""

Table = Mapping[str, np.ndarray]
"""Columns with one value a point."""

Reduction = dict[str, np.ndarray]
"""What is kept of some points, by name:

- ``outcomes``: how many points had each outcome;
- ``bounds/LIMIT``: how many were bound by it for most of their time;
- ``bins/OBJECTIVE``: ``(bins, 2)`` logarithmic bin and how many points fell into it;
- ``effect/OBJECTIVE/AXIS``: ``(values, 5)`` index into the axis; count, sum, least and most of the objective there;
- ``setting/AXIS``, ``outcome/AXIS``: what values are compared over (``costsim.sweep.effects``);
- ``best/COLUMN``, ``pareto/COLUMN``: the best points of the first objective, and the front;
- ``pareto@NUMBER/COLUMN``: the front of a single network of a workload.
"""

Summary = dict[str, Any]


def reduce_points(
    table: Table, indices: Mapping[str, np.ndarray], limit_names: np.ndarray, spec: SweepSpec
) -> Reduction:
    """The reduction of priced points; ``indices`` into the axes, point by point, and what ``bound`` numbers.

    How limits are numbered depends on what a process has met before; nothing of it is left in the result.
    """
    is_priced = table["outcome"] == PRICED
    kept: Reduction = {"outcomes": np.bincount(table["outcome"], minlength=len(OUTCOMES))}
    if not is_priced.all():
        table, indices = columns_at(table, is_priced), columns_at(indices, is_priced)
    counts = np.bincount(table["bound"], minlength=len(limit_names))
    kept |= {f"bounds/{name}": counts[at] for name, at in sorted((limit_names[n], n) for n in np.flatnonzero(counts))}
    for objective in spec.objectives:
        known = ~np.isnan(table[objective])
        everywhere = known.all()
        losses = table[objective] if everywhere else table[objective][known]
        bins = np.floor(np.log10(np.maximum(losses, 1e-12)) * BINS_PER_DECADE).astype(int)
        kept[f"bins/{objective}"] = _counted(bins)
        for axis in spec.space.axes:
            at = indices[axis.name] if everywhere else indices[axis.name][known]
            kept[f"effect/{objective}/{axis.name}"] = _effect(at, losses)
    kept |= settings(dict(table), dict(indices), spec)
    for name, rows_of in kept_tables(spec).items():
        rows = rows_of(table)
        kept |= {f"{name}/{column}": values[rows] for column, values in table.items()}
        kept[f"{name}/bound"] = np.array(limit_names[table["bound"][rows]].tolist(), dtype=str)  # as wide as it must be
    return kept


def add_up(reductions: Iterable[Reduction], spec: SweepSpec) -> Reduction:
    """One reduction of many, taken in order, one at a time."""
    whole: Reduction = {}
    for part in reductions:
        if not whole:
            whole = part
            continue
        tables: dict[str, dict[str, np.ndarray]] = {name: {} for name in kept_tables(spec)}
        for name, found in part.items():
            kind, _, column = name.partition("/")
            if kind in tables:
                tables[kind][column] = np.concatenate([whole[name], found])
            elif kind in ("setting", "outcome"):
                whole[name] = np.concatenate([whole[name], found])
            elif kind in ("outcomes", "bounds"):
                whole[name] = whole.get(name, 0) + found
            else:
                whole[name] = _merged(whole[name], found)
        for kind, rows_of in kept_tables(spec).items():
            rows = rows_of(tables[kind])
            whole |= {f"{kind}/{column}": values[rows] for column, values in tables[kind].items()}
    return whole


def table_of(reduction: Reduction, name: str) -> dict[str, np.ndarray]:
    """The columns of ``best`` or ``pareto``."""
    return {n.removeprefix(f"{name}/"): column for n, column in reduction.items() if n.startswith(f"{name}/")}


def summary_of(reduction: Reduction, spec: SweepSpec) -> Summary:
    """In plain values: counts per outcome and bound; for every objective its quantiles and the effect of each axis.

    ``effect`` counts and sums whatever was priced; ``compared`` holds each value against the others.
    """
    summary: Summary = {
        "outcomes": dict(zip(OUTCOMES, reduction["outcomes"].tolist(), strict=True)),
        "bounds": {n.removeprefix("bounds/"): int(c) for n, c in sorted(reduction.items()) if n.startswith("bounds/")},
        "histogram": {},
        "quantiles": {},
        "effect": {},
        "compared": {},
    }
    for objective in spec.objectives:
        bins = reduction[f"bins/{objective}"]
        summary["histogram"][objective] = {str(number): count for number, count in bins.astype(int).tolist()}
        summary["quantiles"][objective] = quantiles(bins)
        effects = summary["effect"][objective] = {}
        summary["compared"][objective] = {
            axis.name: comparison(reduction, objective, axis, spec) for axis in spec.space.axes
        }
        for axis in spec.space.axes:
            rows = reduction[f"effect/{objective}/{axis.name}"].tolist()
            effects[axis.name] = {str(axis.values[int(at)]): [int(count), *row] for at, count, *row in rows}
    return summary


def kept_tables(spec: SweepSpec) -> dict[str, Callable[[Table], np.ndarray]]:
    """The tables a reduction keeps rows of, and which rows: the best, the front, the fronts of single networks."""
    fronts = {name: partial(front_rows, objectives=objectives) for name, objectives in spec.fronts.items()}
    return {"best": partial(best_rows, spec=spec), **fronts}


def best_rows(table: Table, spec: SweepSpec) -> np.ndarray:
    """The ``top`` rows of the first objective, best first, ties in order of their point."""
    objective, direction = next(iter(spec.objectives.items()))
    losses = table[objective] * (1.0 if direction == "min" else -1.0)
    rows = np.flatnonzero(~np.isnan(losses))
    if len(rows) > spec.top:
        rows = rows[losses[rows] <= np.partition(losses[rows], spec.top - 1)[spec.top - 1]]
    return rows[np.lexsort((table["point"][rows], losses[rows]))][: spec.top]


def pareto_rows(table: Table, spec: SweepSpec) -> np.ndarray:
    """The rows of the front."""
    return front_rows(table, spec.objectives)


def front_rows(table: Table, objectives: Mapping[str, str]) -> np.ndarray:
    """Rows that no other row is at least as good as in all objectives, in order of their point."""
    signs = [1.0 if direction == "min" else -1.0 for direction in objectives.values()]
    losses = np.stack([table[name] * sign for name, sign in zip(objectives, signs, strict=True)])
    rows = np.flatnonzero(~np.isnan(losses).any(axis=0))
    rows = rows[_may_be_undominated(losses[:, rows])]
    rows = rows[_undominated(losses[:, rows])]
    return rows[np.argsort(table["point"][rows], kind="stable")]


def _may_be_undominated(losses: np.ndarray) -> np.ndarray:
    """Mask of ``(objectives, rows)`` that may be on the front: what the champion of each objective beats is not."""
    keep = np.ones(losses.shape[1], dtype=bool)
    if not losses.size:
        return keep
    for objective, loss in enumerate(losses):
        least = np.flatnonzero(loss == loss.min())
        others = np.delete(losses, objective, axis=0)
        champion = losses[:, least[np.lexsort(others[::-1, least])[0] if len(others) else 0]]
        keep &= (losses < champion[:, None]).any(axis=0) | (losses == champion[:, None]).all(axis=0)
    return keep


def _undominated(losses: np.ndarray) -> np.ndarray:
    """Which of ``(objectives, rows)`` are on the Pareto front; of equal rows the first."""
    order = np.lexsort(losses[::-1])
    first, *others = losses[:, order]  # sorted: whoever dominates a row comes before it
    if not others:
        return order[:1]
    if len(others) == 1:
        least_before = np.minimum.accumulate(np.append(np.inf, others[0]))[:-1]
        return order[others[0] < least_before]
    rest, front = np.stack(others, axis=1), []
    best = np.empty((0, len(others)))
    for row in range(len(first)):
        if not (best <= rest[row]).all(axis=1).any():
            front.append(row)
            best = rest[front]
    return order[front]


def _counted(bins: np.ndarray) -> np.ndarray:
    """``(distinct, 2)`` every whole number that occurs, ascending, and how often."""
    if not len(bins):
        return np.empty((0, 2))
    counts = np.bincount(bins - bins.min())
    present = np.flatnonzero(counts)
    return np.stack([present + bins.min(), counts[present]], axis=1).astype(float)


def _effect(at: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """``(values, 5)`` index into the axis, ascending; count, sum, least and most of the objective there."""
    if not len(at):
        return np.empty((0, 5))
    first, last = at.min(), at.max()
    if first == last:
        return np.array([[first, len(at), losses.sum(), losses.min(), losses.max()]])
    at = at - first
    counts = np.bincount(at)
    least, most = np.full(len(counts), np.inf), np.full(len(counts), -np.inf)
    np.minimum.at(least, at, losses)
    np.maximum.at(most, at, losses)
    columns = np.stack([np.arange(len(counts)) + first, counts, np.bincount(at, weights=losses), least, most], axis=1)
    return columns[counts > 0]


def _merged(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Rows of both by their first number; of rows with the same, the counts and sums, the least and the most."""
    number, row_of = np.unique(np.append(one[:, 0], other[:, 0]), return_inverse=True)
    here, there = row_of[: len(one)], row_of[len(one) :]
    merged = np.zeros((len(number), one.shape[1]))
    merged[:, 3:4], merged[:, 4:5] = np.inf, -np.inf
    merged[here] = one
    merged[:, 0] = number
    merged[there, 1:3] += other[:, 1:3]
    merged[there, 3:4] = np.minimum(merged[there, 3:4], other[:, 3:4])
    merged[there, 4:5] = np.maximum(merged[there, 4:5], other[:, 4:5])
    return merged


def quantiles(bins: np.ndarray, ratios: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> dict[str, float]:
    """Values below which these shares of the points lie, to a bin's width."""
    if not len(bins):
        return {}
    number, count = bins.T
    below = np.cumsum(count)
    rows = np.searchsorted(below, np.multiply(ratios, below[-1]))
    values = 10 ** ((number[rows] + 0.5) / BINS_PER_DECADE)
    return {f"{ratio:g}": float(value) for ratio, value in zip(ratios, values, strict=True)}
