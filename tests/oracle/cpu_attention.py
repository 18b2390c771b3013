"""Attention as one layer, in plain Python: which ops it does, and which of them take no time."""

from __future__ import annotations

from tests.oracle.ops import OracleOp


def attention(ops: list[OracleOp], producers: tuple[tuple[int, ...], ...]) -> tuple[set[int], set[int]]:
    """(rows inside an attention, those that it absorbs): found from every softmax between two products."""
    sources = {row: [p for p in producers[row] if p >= 0] for row in range(len(ops))}
    readers = {row: [r for r in sources if row in sources[r]] for row in sources}

    def reach(row: int, along: dict[int, list[int]], word: str) -> tuple[set[int], set[int]]:
        ends, way = set(), set()
        for near in along[row]:
            if ops[near].word == word:
                ends.add(near)
            elif ops[near].word in ("transpose", "mul"):
                further, between = reach(near, along, word)
                ends, way = ends | further, way | between | {near}
        return ends, way

    inside: set[int] = set()
    way: set[int] = set()
    for row, op in enumerate(ops):
        scores, before = reach(row, sources, "matmul")
        values, _ = reach(row, readers, "matmul")
        if op.word != "softmax" or not scores or not values:
            continue
        inside |= {row} | scores | values
        way |= before
        for product in scores | values:
            projections, between = reach(product, sources, "linear")
            inside, way = inside | projections, way | between
        for product in values:
            merged, behind = reach(product, readers, "linear")
            inside, way = inside | merged, way | behind
    inside |= way
    return inside, {row for row in way if readers[row] and set(readers[row]) <= inside}
