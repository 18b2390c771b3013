"""The price of a measure on a device: what the model adds to a network's time for one unit more of it.

Of every controlled pair (``pairs``) the times ``t`` and the measure ``m`` give ``(t' - t) / (m' - m)``: the price is
the median over the pairs, once in milliseconds and once as a share of the time of the network that keeps the
guideline. The copy of the input from a host is left out, and what multiply-accumulates differ (at most 3 %, by the
rounding of widths) is divided out. The interval reaches over the pairs, each widened by the profile's own interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from costsim.analysis import Analysis
from costsim.devices import RunConfig
from costsim.errors import CostsimError
from costsim.hardware import Profile, load_profile
from costsim.measures import MEASURES, Measure
from costsim.orders import Orders, count_orders
from costsim.simulate import simulate
from costsim.worth.evidence import Evidence, evidence
from costsim.worth.pairs import Pair, pairs

PER = {"elements": (1e6, "million elements"), "bytes": (2.0**20, "MiB"), "ratio": (1.0, "unit"), "0..1": (0.01, "%")}
"""Units that are not priced one by one, or have another name when they are, and what is priced instead."""

ROUNDING = 1e-12
"""Times that differ by less are equal: what is left is the rounding of their sums."""

LEAST_CHANGE = 0.02
"""What a measure changes by less than this share between two networks is the rounding of their widths."""


@dataclass(frozen=True)
class Timed:
    """One network of a pair, on the device."""

    latency_ms: float
    low_ratio: float
    high_ratio: float
    macs: float
    measures: dict[str, float | None]


@dataclass(frozen=True)
class Price:
    """What one unit of a measure costs."""

    measure: Measure
    per: str
    """What one unit is: a fragment, a million elements."""
    price_ms: float | None
    low_ms: float | None
    high_ms: float | None
    price_ratio: float | None
    """The same over the time of the network that keeps the guideline."""
    unpriced: int
    """Pairs that the device cannot run."""
    orders: Orders
    """Pairs in which the network with more of the measure is the slower, of all that differ in it."""
    evidence: Evidence | None
    """What measurements on the device say."""

    def record(self) -> dict[str, Any]:
        """As plain data; None is what the pairs cannot tell, or nobody measured."""
        return {
            "measure": self.measure.name,
            "guideline": self.measure.guideline,
            "per": self.per,
            "price_ms": self.price_ms,
            "low_ms": self.low_ms,
            "high_ms": self.high_ms,
            "price_ratio": self.price_ratio,
            "pairs": self.orders.pairs,
            "slower": self.orders.agree,
            "measured": vars(self.evidence) if self.evidence else None,
        }


@dataclass(frozen=True)
class Worth:
    """All measures, priced on one device."""

    profile: Profile
    run: RunConfig
    prices: tuple[Price, ...]
    notes: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "hardware": self.profile.name,
            "family": self.profile.family,
            "dtype": self.run.dtype,
            "threads": int(self.run.threads),
            "measures": [price.record() for price in self.prices],
            "notes": list(self.notes),
        }


def worth(hw: str | Path | Profile, *, dtype: str | None = None, threads: int | None = None) -> Worth:
    """What each guideline is worth on a device.

    Args:
        hw: profile name, path, or a loaded profile.
        dtype: fp32, fp16 or int8; the runtime's own if left out.
        threads: cores used; the profile's own if left out.

    Raises:
        InputError: unknown, or impossible on the device.
    """
    profile = hw if isinstance(hw, Profile) else load_profile(hw)
    run = RunConfig.of(profile, dtype, threads)
    found = tuple(prices(profile, run, [measure for measure in MEASURES if not measure.of_time]))
    return Worth(profile, run, found, tuple(_notes(found)))


def prices(profile: Profile, run: RunConfig, measures: Iterable[Measure]) -> Iterator[Price]:
    """The prices of some measures, in their order."""
    timed: dict[str, list[tuple[Timed, Timed]]] = {}
    said = evidence(profile.name)
    for measure in measures:
        if measure.guideline not in timed:
            timed[measure.guideline] = _timed(measure.guideline, profile, run)
        yield price_of(measure, timed[measure.guideline], said.get(measure.name))


def _timed(guideline: str, profile: Profile, run: RunConfig) -> list[tuple[Timed, Timed]]:
    """The pairs of a guideline that the device can run, both networks timed."""
    networks: dict[int, Timed | None] = {}

    def time(pair: Pair) -> tuple[Timed, Timed] | None:
        ends = []
        for graph in (pair.kept, pair.broken):
            if id(graph) not in networks:
                try:
                    networks[id(graph)] = _time(Analysis(simulate(graph, profile, run)))
                except CostsimError:  # it does not fit, or the runtime has no such op
                    networks[id(graph)] = None
            ends.append(networks[id(graph)])
        kept, broken = ends
        return (kept, broken) if kept and broken else None

    return [both for pair in pairs(guideline) if (both := time(pair))]


def _time(analysis: Analysis) -> Timed:
    made = analysis.simulation
    latency_ms = float(np.sum(made.costs.own.latency_s[:, 0])) * 1e3
    trust = made.trust
    return Timed(latency_ms, trust.low_ratio, trust.high_ratio, float(made.ops.macs.sum()), analysis.measures)


def price_of(measure: Measure, timed: Sequence[tuple[Timed, Timed]], found: Evidence | None) -> Price:
    """The price of one measure from timed pairs of networks, at equal multiply-accumulates."""
    step, per = PER.get(measure.unit, (1.0, measure.unit.removesuffix("s")))
    unpriced = sum(1 for _ in pairs(measure.guideline)) - len(timed)
    slopes, shares, ends, orders = [], [], [], []
    for kept, broken in timed:
        before, after = (measure.or_best(end.measures[measure.name]) for end in (kept, broken))
        if before is None or after is None or abs(after - before) <= LEAST_CHANGE * abs(before):
            continue
        units = (after - before) / step
        at_equal_macs_ms = broken.latency_ms * kept.macs / broken.macs
        if math.isclose(at_equal_macs_ms, kept.latency_ms, rel_tol=ROUNDING):
            at_equal_macs_ms = kept.latency_ms
        slope = (at_equal_macs_ms - kept.latency_ms) / units
        slopes.append(slope)
        shares.append(slope / kept.latency_ms)
        ends += [slope * kept.low_ratio, slope * kept.high_ratio]
        orders.append((kept.latency_ms, at_equal_macs_ms) if units > 0 else (at_equal_macs_ms, kept.latency_ms))
    if not slopes:
        return Price(measure, per, None, None, None, None, unpriced, Orders(0, 0, 0), found)
    middle, share = _median(slopes), _median(shares)
    return Price(measure, per, middle, min(ends), max(ends), share, unpriced, count_orders(orders), found)


def _median(values: Sequence[float]) -> float:
    """The median; 0 where two in the middle cancel each other but for rounding."""
    found = float(np.median(values))
    return found if abs(found) > ROUNDING * np.abs(values).max() else 0.0


def _notes(found: Sequence[Price]) -> Iterator[str]:
    fewer = {price.measure.guideline: price.unpriced for price in found if price.unpriced}
    if fewer:
        listed = ", ".join(f"{guideline} {pairs}" for guideline, pairs in fewer.items())
        yield f"pairs too large for this device, or with ops it does not run: {listed}"
    if not any(price.evidence for price in found):
        yield "no measurements of many networks on this device are at hand"
