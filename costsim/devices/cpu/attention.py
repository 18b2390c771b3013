"""Attention as one layer of a runtime, and the rows of a table that it does.

ncnn's MultiHeadAttention multiplies by its weights with the matrix product of its Gemm layer, which packs panels, and
not with that of InnerProduct; its products read and write transposed matrices, the scale is multiplied into the queries
as they are written, and heads run side by side, a thread each (Tencent/ncnn src/layer/arm/multiheadattention_arm.cpp).

Ignored: masks that are added to the scores, which stay rows of their own; scores that are read elsewhere too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costsim.tables.optable import OpTable

ABSORBED = ("transpose", "mul")
"""Words that the layer does while it reads or writes a matrix."""


@dataclass(frozen=True)
class Attention:
    """Masks ``(ops, 1)``."""

    inside: np.ndarray
    """Products, softmaxes and what lies between them."""
    absorbed: np.ndarray
    """Those of them that take no time of their own."""

    def take(self, rows: np.ndarray) -> Attention:
        """Of these rows."""
        return Attention(self.inside[rows], self.absorbed[rows])


def attention_of(ops: OpTable, as_one_layer: bool) -> Attention:
    """The attention in a table: every softmax between two matrix products, and what these read and are read by."""
    inside, absorbed = np.zeros(len(ops), dtype=bool), np.zeros(len(ops), dtype=bool)
    if as_one_layer and ops.is_op("softmax").any() and ops.is_op("matmul").any():
        words = ops.device_words
        readers: list[list[int]] = [[] for _ in words]
        for row, producers in enumerate(ops.producers):
            for producer in producers:
                if producer >= 0:
                    readers[producer].append(row)
        for row, word in enumerate(words):
            if word != "softmax":
                continue
            scores, before = _reached(ops.producers, words, [row], "matmul")
            values, _ = _reached(readers, words, [row], "matmul")
            if not scores or not values:
                continue
            projections, between = _reached(ops.producers, words, [*scores, *values], "linear")
            merged, behind = _reached(readers, words, values, "linear")
            inside[[row, *scores, *values, *projections, *merged]] = True
            absorbed[[*before, *between, *behind]] = True
        inside |= absorbed
        for row in np.flatnonzero(absorbed).tolist():
            absorbed[row] = bool(readers[row]) and inside[readers[row]].all()
    return Attention(inside[:, None], absorbed[:, None])


def _reached(
    neighbours: list[list[int]] | tuple[tuple[int, ...], ...], words: list[str], rows: list[int], word: str
) -> tuple[list[int], list[int]]:
    """(rows of a word, absorbed rows on the way) next to some rows, along one direction of the edges."""
    found, passed, seen = [], [], set(rows)
    left = [row for start in rows for row in neighbours[start] if row >= 0]
    while left:
        row = left.pop()
        if row in seen:
            continue
        seen.add(row)
        if words[row] == word:
            found.append(row)
        elif words[row] in ABSORBED:
            passed.append(row)
            left += [following for following in neighbours[row] if following >= 0]
    return found, passed
