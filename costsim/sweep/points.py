"""Points that agree in some of their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def is_option(name: str) -> bool:
    return name.startswith("network.")


def varying(indices: dict[str, np.ndarray], names: Iterable[str]) -> list[str]:
    """Those of the named axes on which not all points agree."""
    return [name for name in names if name in indices and (indices[name] != indices[name][0]).any()]


def columns_at(columns: Mapping[str, np.ndarray], points: Any) -> dict[str, np.ndarray]:
    """The columns at some points."""
    return {name: column[points] for name, column in columns.items()}


def numbered(columns: Mapping[str, np.ndarray], names: Iterable[str]) -> np.ndarray:
    """``(points,)`` the same number, from 0, for points that agree in these columns."""
    number = np.zeros(len(next(iter(columns.values()))), dtype=int)
    for name in names:
        _, value = np.unique(columns[name], return_inverse=True)
        _, number = np.unique(number * (value.max() + 1) + value, return_inverse=True)
    return number


def members(number: np.ndarray) -> list[np.ndarray]:
    """The rows of each number, ascending."""
    order = np.argsort(number, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
