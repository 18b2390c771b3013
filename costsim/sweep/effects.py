"""What an axis does to an objective: its values compared where all of them could be priced.

Points that do not fit a device, or break a constraint, are not spread evenly: a small buffer is left with the
small networks alone, and the mean over what fits makes the larger buffer look slower. So the values of an axis are
compared over the *settings* (combinations of all other axes) at which every one of them was priced.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.sweep.spec import SweepSpec

MOST_SETTINGS = 2**12
"""Settings of an axis that are compared: of more, so many are drawn, evenly and the same in every run.

Memory does then not grow with the space. The mean of a draw of n is off by 1 / sqrt(n) of the spread between
settings, 1.6 % here; differences between values are closer, for all have the same settings.
"""

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2**64 over the golden ratio: multiples of it spread evenly (Knuth, The Art of Computer Programming 3, 6.4)."""


def settings(
    table: dict[str, np.ndarray], indices: dict[str, np.ndarray], spec: SweepSpec
) -> dict[str, np.ndarray]:  # fmt: skip
    """Of priced points, what has to be kept to compare the values of each axis; nothing of axes of one value.

    Args:
        table: ``(points,)`` the objectives.
        indices: ``(points,)`` into each axis.
        spec: the axes and objectives.

    Returns:
        ``setting/AXIS`` ``(kept, 2)``: number of the setting and index into the axis;
        ``outcome/AXIS`` ``(kept, objectives)``.
    """
    kept: dict[str, np.ndarray] = {}
    stride, strides = 1, {}
    for axis in reversed(spec.space.axes):
        strides[axis.name] = np.uint64(stride % 2**64)
        stride *= len(axis.values)
    with np.errstate(over="ignore"):
        place = sum(
            (indices[axis.name].astype(np.uint64) * strides[axis.name] for axis in spec.space.axes),
            start=np.zeros(1, dtype=np.uint64),
        )
        for axis in spec.space.axes:
            if len(axis.values) == 1:
                continue
            setting = place - indices[axis.name].astype(np.uint64) * strides[axis.name]
            share = MOST_SETTINGS * len(axis.values) / spec.space.combinations
            rows = slice(None) if share >= 1 else np.flatnonzero(setting * GOLDEN < np.uint64(share * 2**64))
            columns = setting[rows].view(np.int64), indices[axis.name][rows]
            kept[f"setting/{axis.name}"] = np.stack(columns, axis=1)
            kept[f"outcome/{axis.name}"] = np.stack([table[name][rows] for name in spec.objectives], axis=1)
    return kept


def compared(setting: np.ndarray, outcome: np.ndarray) -> tuple[int, dict[int, tuple[float, float, float]]]:
    """How many settings all values share, and the mean, least and most of the objective over them at each value.

    A value that was priced nowhere is not among them: there is nothing to compare it with.

    Args:
        setting: ``(points, 2)`` number of the setting and index into the axis, each pair once or more.
        outcome: ``(points,)`` the objective; NaN where it is not known.
    """
    known = ~np.isnan(outcome)
    pairs, first = np.unique(setting[known], axis=0, return_index=True)
    values = np.unique(pairs[:, 1])
    _, setting_of, times = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
    shared = times == len(values)
    numbers = outcome[known][first]
    found = {}
    for value in values.tolist() if shared.any() else ():
        here = numbers[shared[setting_of] & (pairs[:, 1] == value)]
        found[value] = float(here.mean()), float(here.min()), float(here.max())
    return int(shared.sum()), found


def comparison(reduction: dict[str, np.ndarray], objective: str, axis: Any, spec: SweepSpec) -> dict[str, Any]:
    """In plain values: how many ``settings`` are compared, and per value the mean, least and most over them.

    Where every point of the space was priced nothing has to be left out, and samples, which meet few settings
    twice, are compared as they are.
    """
    number = list(spec.objectives).index(objective)
    rows = reduction[f"effect/{objective}/{axis.name}"]
    if rows[:, 1].sum() == spec.space.points or len(axis.values) == 1:
        found = {int(at): (total / count, least, most) for at, count, total, least, most in rows.tolist()}
        shared = int(rows[:, 1].min(initial=np.inf)) if len(rows) else 0
    else:
        shared, found = compared(reduction[f"setting/{axis.name}"], reduction[f"outcome/{axis.name}"][:, number])
    return {"settings": shared, "values": {str(axis.values[at]): list(numbers) for at, numbers in found.items()}}
