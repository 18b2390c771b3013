"""Rows with equal numbers, so that each is worked out once: networks repeat their layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from costsim.tables.schema import Array


@dataclass(frozen=True)
class EqualRows:
    """Which rows are equal."""

    first: np.ndarray
    """``(distinct,)`` the first row of each kind."""
    of_row: np.ndarray
    """``(rows,)`` the distinct row each row equals."""

    @classmethod
    def of(cls, columns: Sequence[Array]) -> EqualRows:
        """Rows with the same numbers in all columns at all points are equal. Columns are ``(rows, points)``."""
        keys: list[object] = list(row_keys(*(c[:, p] for c in columns for p in {0, c.shape[1] // 2, c.shape[1] - 1})))
        found = cls._of_keys(keys)
        twins = np.flatnonzero(found.first[found.of_row] < np.arange(len(keys)))
        models = found.first[found.of_row[twins]]
        wide = [column for column in columns if column.shape[1] > 3]
        if not wide or not len(twins):
            return found
        differ = np.any([(column[twins] != column[models]).any(axis=1) for column in wide], axis=0)
        for row in twins[differ].tolist():  # equal at three points only
            keys[row] = row
        return cls._of_keys(keys)

    @classmethod
    def each(cls, rows: int) -> EqualRows:
        """Every row by itself: where each is worked out once only, that is sooner done than compared."""
        return cls(np.arange(rows), np.arange(rows))

    @classmethod
    def _of_keys(cls, keys: Sequence[object]) -> EqualRows:
        place: dict[object, int] = {}
        of_row = np.array([place.setdefault(key, len(place)) for key in keys], dtype=int)
        return cls(np.unique(of_row, return_index=True)[1], of_row)


def row_keys(*columns: np.ndarray) -> list[bytes]:
    """``(rows,)`` columns of numbers to one key a row, the same for rows with the same numbers."""
    numbers = np.ascontiguousarray(np.stack(np.broadcast_arrays(*columns), axis=1), dtype=np.float64)
    text, width = numbers.tobytes(), numbers.itemsize * numbers.shape[1]
    return [text[at : at + width] for at in range(0, len(text), width)]
