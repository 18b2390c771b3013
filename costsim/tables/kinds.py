"""Rows that are the same, so that each is worked out once: networks repeat their layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from costsim.tables.memo import row_keys
from costsim.tables.schema import Array


@dataclass(frozen=True)
class Kinds:
    """Which rows are the same."""

    first: np.ndarray
    """``(kinds,)`` the first row of each kind."""
    of_row: np.ndarray
    """``(rows,)`` the kind of each row."""

    @classmethod
    def of(cls, columns: Sequence[Array]) -> Kinds:
        """Rows with the same numbers in all columns at all points are one kind. Columns are ``(rows, points)``."""
        keys: list[object] = list(row_keys(*(c[:, p] for c in columns for p in {0, c.shape[1] // 2, c.shape[1] - 1})))
        kinds = cls._of_keys(keys)
        twins = np.flatnonzero(kinds.first[kinds.of_row] < np.arange(len(keys)))
        models = kinds.first[kinds.of_row[twins]]
        wide = [column for column in columns if column.shape[1] > 3]
        if not wide or not len(twins):
            return kinds
        differ = np.any([(column[twins] != column[models]).any(axis=1) for column in wide], axis=0)
        for row in twins[differ].tolist():  # alike at three points only
            keys[row] = row
        return cls._of_keys(keys)

    @classmethod
    def each(cls, rows: int) -> Kinds:
        """Every row is a kind of its own: where each is worked out once only, that is sooner done than compared."""
        return cls(np.arange(rows), np.arange(rows))

    @classmethod
    def _of_keys(cls, keys: Sequence[object]) -> Kinds:
        place: dict[object, int] = {}
        of_row = np.array([place.setdefault(key, len(place)) for key in keys], dtype=int)
        return cls(np.unique(of_row, return_index=True)[1], of_row)
