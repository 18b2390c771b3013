"""What the ShuffleNet V2 paper (arXiv 1807.11164) says of its own tables: orderings, and winners."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise

from costsim.calibrate.paper import PaperRow, paper_rows
from costsim.orders import Orders, count_orders, order

LEVELS = {"40 M": (35, 50), "140 M": (130, 160), "300 M": (285, 330), "500 M": (500, 620)}
"""Complexity levels of Table 8, in millions of multiply-accumulates."""


@dataclass(frozen=True)
class Ordering:
    """A statement of the paper: one micro-network is faster than another."""

    guideline: str
    faster: str
    slower: str

    def found(self, seconds: Mapping[str, float]) -> int:
        """-1 where ``seconds`` show it, 0 where the two tie, 1 where they show the contrary."""
        return order(seconds[self.faster], seconds[self.slower])


def shown(seconds: Mapping[str, float], family: str, guideline: str = "G") -> Orders:
    """How many of the paper's orderings, or of one guideline's, ``seconds`` of the micro-networks show."""
    meant = (o for o in orderings(family) if o.guideline.startswith(guideline))
    return count_orders((seconds[o.faster], seconds[o.slower]) for o in meant)


def orderings(family: str) -> list[Ordering]:
    """What the guidelines say about Tables 1 to 4.

    G1, G2: each step away from equal widths, each doubling of groups is slower. G3: any two
    fragmentations are ordered as measured, but for pairs measured as equal and those with which the
    paper breaks its own guideline. G4: dropping the ReLU, the shortcut or both is faster.
    """
    columns: dict[tuple[str, str], list[PaperRow]] = {}
    for row in (r for r in paper_rows(family) if r.is_micro):
        columns.setdefault((row.table, row.scale), []).append(row)
    found = []
    for (table, _), column in columns.items():
        if table in ("T1", "T2"):
            found += [Ordering(f"G{table[1]}", a.name, b.name) for a, b in pairwise(column)]
        if table == "T3":
            measured = [sorted(pair, key=lambda row: row.latency_s) for pair in combinations(column, 2)]
            found += [
                Ordering("G3", a.name, b.name) for a, b in measured if a.latency_s < b.latency_s and not _breaks(a, b)
            ]
        if table == "T4":
            both, relu, shortcut, neither = column
            pairs = ((relu, both), (shortcut, both), (neither, relu), (neither, shortcut))
            found += [Ordering("G4", a.name, b.name) for a, b in pairs]
    return found


def _breaks(faster: PaperRow, slower: PaperRow) -> bool:
    """Whether more fragments of one kind are the faster ones, against the guideline."""
    (many, kind), (few, other) = ((int(row.variant[0]), row.variant[2:]) for row in (faster, slower))
    return many > few and kind == other


def winners(rows: Collection[PaperRow], seconds: Mapping[str, float]) -> dict[str, str]:
    """The fastest network of Table 8 among ``rows`` at each complexity level, by ``seconds`` of their names."""
    millions = {row.name: float(row.scale.split("M")[0]) for row in rows}
    return {
        level: min((row for row in rows if low <= millions[row.name] <= high), key=lambda r: seconds[r.name]).variant
        for level, (low, high) in LEVELS.items()
    }
