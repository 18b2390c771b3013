"""A difference between two networks by the papers' measures: which of their arguments it comes from.

What the multiply-adds alone would make is told first: the time of the first network in proportion to them. The rest
is held against what the guidelines cost either network: the prices of the linter, each what the model saves on a
network of equal multiply-adds that keeps the guideline. A price is that of a change to one part at a time, so the
prices of one network need not add up to a share of its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from costsim.analysis import Analysis
from costsim.compare.networks import Comparison, signed_milliseconds
from costsim.errors import InputError
from costsim.guidelines import check
from costsim.measures import BY_NAME
from costsim.measures.table import HEADLINES
from costsim.units import format_milliseconds

GUIDELINES = tuple(dict.fromkeys(BY_NAME[name].guideline for name in HEADLINES))

HEADLINE_OF = {BY_NAME[name].guideline: name for name in HEADLINES}

TOLD_RATIO = 0.1
"""What explains less than this share of the rest is not said to explain it."""


@dataclass(frozen=True)
class ByMeasure:
    """One network's measures and prices beside another's, on one device."""

    first: str
    second: str
    hw: str
    difference_ms: float
    """Of the second over the first."""
    macs_ms: float
    """What the second's multiply-adds would make at the first's pace."""
    measures: dict[str, tuple[float | None, float | None]]
    """The measure of each guideline, of the first and of the second."""
    prices_ms: dict[str, tuple[float, float]]
    """What breaking each guideline costs the first and the second."""

    @property
    def rest_ms(self) -> float:
        """What the multiply-adds leave to be explained."""
        return self.difference_ms - self.macs_ms

    @property
    def causes(self) -> dict[str, float]:
        """Guidelines that explain part of the rest, the largest part first, with the difference of their prices."""
        found = {name: second - first for name, (first, second) in self.prices_ms.items()}
        along = {name: ms for name, ms in found.items() if ms * self.rest_ms > 0 and self._is_told(ms)}
        return dict(sorted(along.items(), key=lambda item: -abs(item[1])))

    def _is_told(self, ms: float) -> bool:
        return abs(ms) > TOLD_RATIO * abs(self.rest_ms)

    @property
    def summary(self) -> str:
        """``B takes 9 ms less than A on rpi4b, with multiply-adds that alone would make 3 ms more; of ...``."""
        more = "more" if self.difference_ms > 0 else "less"
        head = (
            f"{self.second} takes {format_milliseconds(abs(self.difference_ms))} {more} than {self.first} "
            f"on {self.hw}; its multiply-adds alone would make {signed_milliseconds(self.macs_ms)}"
        )
        if not self.causes:
            return f"{head}. No guideline explains the rest, {signed_milliseconds(self.rest_ms)}"
        told = ", ".join(
            f"{signed_milliseconds(ms)} from {name} ({HEADLINE_OF[name]})" for name, ms in list(self.causes.items())[:2]
        )
        return f"{head}. Of the rest, {signed_milliseconds(self.rest_ms)}, the guidelines explain {told}"

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "first": self.first, "second": self.second, "hw": self.hw, "difference_ms": self.difference_ms,
            "macs_ms": self.macs_ms, "rest_ms": self.rest_ms, "summary": self.summary,
            "measures": {name: list(pair) for name, pair in self.measures.items()},
            "prices_ms": {name: list(pair) for name, pair in self.prices_ms.items()}, "causes_ms": self.causes,
        }  # fmt: skip


def by_measure(comparison: Comparison) -> tuple[ByMeasure, ...]:
    """Every other network of a comparison against the first, on every device.

    Raises:
        InputError: there is no other.
    """
    first, *others = comparison.networks
    if not others:
        raise InputError("one network has no difference to explain", where="--by-measure", mend="name two or more")
    priced = {key: _prices(analysis) for key, analysis in comparison.analyses.items()}

    def between(other: str, hw: str) -> ByMeasure:
        one, two = comparison.analyses[first, hw], comparison.analyses[other, hw]
        return ByMeasure(
            first,
            other,
            hw,
            two.latency_ms - one.latency_ms,
            one.latency_ms * (two.summary["macs"] / (one.summary["macs"] or 1) - 1),
            {name: (one.measures[name], two.measures[name]) for name in HEADLINES},
            {name: (priced[first, hw][name], priced[other, hw][name]) for name in GUIDELINES},
        )

    return tuple(between(other, hw) for other in others for hw in comparison.devices)


def _prices(analysis: Analysis) -> dict[str, float]:
    prices = dict.fromkeys(GUIDELINES, 0.0)
    for finding in check(analysis.simulation):
        if finding.id in prices and finding.cost_ms is not None:
            prices[finding.id] += finding.cost_ms
    return prices
