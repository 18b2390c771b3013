"""Rows with the same numbers are worked out once."""

from __future__ import annotations

import numpy as np

from costsim.tables import memo
from costsim.tables.memo import RowMemo, row_keys


def squares(kept: RowMemo[float], numbers: list[float], asked: list[float]) -> list[float]:
    def work_out(rows: np.ndarray) -> list[float]:
        asked.extend(numbers[row] for row in rows)
        return [numbers[row] ** 2 for row in rows]

    distinct, which = kept.answers(row_keys(np.array(numbers)), work_out)
    return [distinct[at] for at in which]


def test_each_row_is_worked_out_once_in_all_tables() -> None:
    kept: RowMemo[float] = RowMemo()
    asked: list[float] = []
    assert squares(kept, [3.0, 1.0, 3.0, 2.0], asked) == [9.0, 1.0, 9.0, 4.0]
    assert squares(kept, [2.0, 5.0, 3.0], asked) == [4.0, 25.0, 9.0]
    assert asked == [3.0, 1.0, 2.0, 5.0]


def test_a_full_memo_forgets_and_still_answers(monkeypatch) -> None:
    monkeypatch.setattr(memo, "MOST_KEPT", 2)
    kept: RowMemo[float] = RowMemo()
    asked: list[float] = []
    assert squares(kept, [1.0, 2.0], asked) == [1.0, 4.0]
    assert squares(kept, [1.0, 3.0, 2.0], asked) == [1.0, 9.0, 4.0]
    assert squares(kept, [1.0, 2.0], asked) == [1.0, 4.0]
    assert asked == [1.0, 2.0, 3.0, 1.0, 2.0]


def test_keys_differ_where_any_number_does() -> None:
    keys = row_keys(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0]))
    assert len(set(keys)) == 3
    assert keys == row_keys(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0]))
