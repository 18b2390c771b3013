"""Which limit is the largest, and how much time passes under each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from costsim.tables.schema import Array

WIDE = 64
"""Points from which on rows are looked at one by one: most have one limit that is the largest at all points."""


def largest(limits: Sequence[Array]) -> np.ndarray:
    """``(rows, points)`` number of the largest limit, the first of equal ones; limits are ``(rows, points)``."""
    points = max(limit.shape[1] for limit in limits)
    if points < WIDE:
        return np.argmax(np.stack(np.broadcast_arrays(*limits)), axis=0).astype(np.int8)
    most, least = (np.stack([extreme(limit, axis=1) for limit in limits]) for extreme in (np.max, np.min))
    may_be = most >= least.max(axis=0)
    number = np.repeat(may_be.argmax(axis=0)[:, None].astype(np.int8), points, axis=1)
    for row in np.flatnonzero(may_be.sum(axis=0) > 1):
        first, *others = np.flatnonzero(may_be[:, row]).tolist()
        largest_s = limits[first][row]
        for other in others:
            seconds = limits[other][row]
            np.copyto(number[row], other, where=seconds > largest_s)
            largest_s = np.maximum(largest_s, seconds)
    return number


def bound_seconds(number: np.ndarray, seconds: Array, network: np.ndarray, shape: tuple[int, int]) -> Array:
    """``(limits, networks, points)`` sum of the ``seconds`` that pass under each limit.

    Args:
        number: ``(rows, points)`` the limit of each row.
        seconds: ``(rows, points)``.
        network: ``(rows,)`` the network each row belongs to.
        shape: how many limits and networks there are.
    """
    points = number.shape[1]
    sums = np.zeros((*shape, points))
    if points < WIDE:
        np.add.at(sums, (number, network[:, None], np.arange(points)), seconds)
        return sums
    for row, limits in enumerate(number):
        if (limits == limits[0]).all():
            sums[limits[0], network[row]] += seconds[row]
        else:
            for limit in np.flatnonzero(np.bincount(limits)):
                sums[limit, network[row]] += seconds[row] * (limits == limit)
    return sums
