"""What devices ask of the labels of all rows together, as arrays: known without a label being made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class RowWords:
    """The device words of rows, and which rows hand their output out."""

    words: tuple[str, ...]
    """The distinct device words."""
    of_row: np.ndarray
    """``(ops,)`` which of them each row has."""
    is_kept: np.ndarray
    """``(ops,)`` mask of the rows whose output leaves the network though later rows read it."""

    @classmethod
    def of(cls, words: Sequence[str], row_of: Sequence[int] | None, is_kept: Sequence[bool]) -> RowWords:
        """From the words of distinct rows and which of them each row is; each is itself if left out."""
        number: dict[str, int] = {}
        of_row = np.array([number.setdefault(word, len(number)) for word in words], dtype=int)
        return cls(tuple(number), of_row if row_of is None else of_row[row_of], np.array(is_kept, dtype=bool))

    def take(self, rows: np.ndarray) -> RowWords:
        """Those of some rows; words that none of them has stay."""
        return RowWords(self.words, self.of_row[rows], self.is_kept[rows])
