"""Which of two is the faster, by one rule: predictions that near each other are a tie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

TIE_RATIO = 0.005
"""Two times this near are neither before nor behind each other. A fused ReLU costs nothing: it makes no order."""


class Orders(NamedTuple):
    """How many pairs stand in a stated order."""

    agree: int
    ties: int
    """Neither before nor behind each other: no agreement, and no contradiction."""
    pairs: int

    @property
    def reversed(self) -> int:
        """Pairs that stand the other way round."""
        return self.pairs - self.agree - self.ties

    @property
    def share_ratio(self) -> float:
        """The share of pairs in the stated order; a tie is half right, as in a rank-sum test."""
        return (self.agree + self.ties / 2) / self.pairs if self.pairs else 1.0

    def __str__(self) -> str:
        ties = f", {self.ties} tie{'s' if self.ties > 1 else ''}" if self.ties else ""
        return f"{self.agree} of {self.pairs} pairs{ties}"


def order(first: float, second: float) -> int:
    """-1 where the first is the smaller, 1 where the second is, 0 where they tie."""
    if abs(first - second) <= TIE_RATIO * min(first, second):
        return 0
    return -1 if first < second else 1


def count_orders(pairs: Iterable[tuple[float, float]]) -> Orders:
    """Pairs of values of which the first is said to be the smaller."""
    found = [order(smaller, larger) for smaller, larger in pairs]
    return Orders(found.count(-1), found.count(0), len(found))
