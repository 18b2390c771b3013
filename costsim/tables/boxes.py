"""Boxes around many points: what holds at the corners of each holds for all points inside."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from costsim.tables.schema import Array

BOXES = 32
"""About so many are made, far fewer than a chunk has points."""

ROUNDING_RATIO = 1 + 1e-12
"""By which a box reaches beyond its edges, where rounding may have put a point."""


def boxes(columns: Sequence[Array]) -> tuple[Array, Array]:
    """``(columns, boxes)`` the least and the largest values of boxes that hold all points between them.

    The range of each column is cut into parts of one ratio, the same for all columns; boxes without points are left
    out. A column that reaches 0 is not cut.

    Args:
        columns: ``(points,)`` each, none negative.
    """
    least = np.array([column.min() for column in columns])
    largest = np.array([column.max() for column in columns])
    ranges = np.log(np.divide(largest, least, out=np.ones_like(least), where=least > 0))
    cut = np.flatnonzero(ranges > 0)
    part = (np.prod(ranges[cut]) / BOXES) ** (1 / max(len(cut), 1))
    lowest, highest = least[:, None], largest[:, None]
    shape = [min(BOXES, ceil(ranges[place] / part)) for place in cut.tolist()]
    if not shape:
        return lowest, highest
    ratio = np.exp(ranges[cut] / shape)
    inside = [
        np.minimum(np.log(columns[place] / least[place]) / np.log(r), parts - 1).astype(int)
        for place, r, parts in zip(cut.tolist(), ratio, shape, strict=True)
    ]
    filled = np.flatnonzero(np.bincount(np.ravel_multi_index(inside, shape)))
    lowest, highest = (np.repeat(edge, len(filled), axis=1) for edge in (lowest, highest))
    for place, r, number in zip(cut.tolist(), ratio, np.unravel_index(filled, shape), strict=True):
        lowest[place] = least[place] * r**number / ROUNDING_RATIO
        highest[place] = least[place] * r ** (number + 1.0) * ROUNDING_RATIO
    return lowest, highest
