"""One thing timed several times: what it takes, and how far the machine swings."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Timing:
    """One thing, timed in several rounds with a pause between them."""

    rounds_s: tuple[float, ...]
    """The fastest pass of each round."""

    @property
    def latency_s(self) -> float:
        """The fastest pass of all: what the machine can do when nothing disturbs it."""
        return min(self.rounds_s)

    @property
    def noise_ratio(self) -> float:
        """How far the median round lies above the fastest; 0 is a quiet machine."""
        return median(self.rounds_s) / self.latency_s - 1
