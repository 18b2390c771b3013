"""What rows were answered before: networks repeat their layers, and relatives share most of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

import numpy as np

Answer = TypeVar("Answer")

MOST_KEPT = 20_000
"""Answers kept before all are forgotten: some tens of megabytes at most."""


class RowMemo(Generic[Answer]):
    """Answers to rows, each worked out once however often it occurs, in one table or in thousands."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Answer] = {}

    def answers(
        self, keys: Sequence[Hashable], work_out: Callable[[np.ndarray], Sequence[Answer]]
    ) -> tuple[list[Answer], np.ndarray]:
        """The distinct answers, and ``(rows,)`` which of them each row has.

        Args:
            keys: per row, all that its answer depends on.
            work_out: positions of rows to one answer each.
        """
        place: dict[Hashable, int] = {}
        which = np.array([place.setdefault(key, len(place)) for key in keys], dtype=int)
        known = {key: self._kept[key] for key in place if key in self._kept}
        unknown = [key for key in place if key not in known]
        if unknown:
            first_at = np.unique(which, return_index=True)[1]
            found = work_out(first_at[[place[key] for key in unknown]])
            if len(self._kept) + len(unknown) > MOST_KEPT:
                self._kept.clear()
            self._kept.update(new := dict(zip(unknown, found, strict=True)))
            known |= new
        return [known[key] for key in place], which


def row_keys(*columns: np.ndarray) -> list[bytes]:
    """``(rows,)`` columns of numbers to one key a row, the same for rows with the same numbers."""
    numbers = np.ascontiguousarray(np.stack(np.broadcast_arrays(*columns), axis=1), dtype=np.float64)
    text, width = numbers.tobytes(), numbers.itemsize * numbers.shape[1]
    return [text[at : at + width] for at in range(0, len(text), width)]
