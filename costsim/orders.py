"""Which of two is the faster, by one rule: predictions that near each other are a tie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

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


TOLD_APART_RATIO = 0.05
"""Two networks are told apart if their times differ by more than this share of the time of all that differs in them.

Measured on all 9,711 pairs of networks that ncnn's benchmark times in one run on one board (validation/data/ncnn),
each network left out of the fit that predicts it. Of pairs within a factor of two of each other, 84 % are further apart
than this, and 95 % of those are in the measured order; of all pairs, 94 % and 98 %. No difference is
claimed between the others.
Ignores: layers that both networks have are taken to cost the same in both, which the benchmark cannot show.
"""


def told_apart(first: float, second: float, shared: float = 0.0) -> bool:
    """Whether the model can say which of two times on one device is the smaller.

    Args:
        first: predicted time of one network.
        second: that of the other, in the same unit.
        shared: the part of both that goes to the same layers, whose error cancels.
    """
    return abs(second - first) > TOLD_APART_RATIO * (first + second - 2 * shared)


def shared_ms(first: Iterable[Mapping[str, Any]], second: Iterable[Mapping[str, Any]]) -> float:
    """Milliseconds that both spend on layers of one kind, shape and cost, of two lists of layer records."""
    both = Counter(map(_what, first)) & Counter(map(_what, second))
    return sum(count * what[-1] for what, count in both.items())


def _what(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """All of a layer but its name and place; the time last."""
    counts = (record["params"], record["macs"], record["mem_access_elems"])
    return (record["op"], tuple(record["output_shape"]), *counts, float(f"{record['latency_ms']:.9g}"))
