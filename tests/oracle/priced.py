"""What every family's oracle says of one op."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


def norm(seconds: list[float], overlap: float) -> float:
    """Limits that overlap: their sum at 1, their largest at infinity."""
    largest = max(seconds)
    if overlap == inf or largest == 0:
        return largest
    return largest * sum((s / largest) ** overlap for s in seconds) ** (1 / overlap)


@dataclass(frozen=True)
class Priced:
    """Seconds by limit, and bytes from memory."""

    ceilings: dict[str, float]
    overheads: dict[str, float]
    overlap: float
    dram_bytes: float

    @property
    def latency_s(self) -> float:
        return norm(list(self.ceilings.values()), self.overlap) + sum(self.overheads.values())
