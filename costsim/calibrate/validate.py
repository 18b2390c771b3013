"""Predictions of a profile beside measurements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costsim.calibrate.errors import ErrorSummary, rank_correlation_in_bands
from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.orders import order
from costsim.simulate import Simulation, simulate
from costsim.totals import bounds


@dataclass(frozen=True)
class Case:
    """One measurement and what costsim says of it."""

    name: str
    threads: int
    macs: float
    measured_s: float
    predicted_s: float
    low_s: float
    high_s: float
    ruled_by: str
    """The limit that takes the largest share of the predicted time."""

    @property
    def error_ratio(self) -> float:
        """Predicted over measured, less one."""
        return self.predicted_s / self.measured_s - 1

    @property
    def covered(self) -> bool:
        """Whether the measurement lies in the stated interval."""
        return self.low_s <= self.measured_s <= self.high_s


@dataclass(frozen=True)
class Validation:
    """All cases of one profile against one source."""

    profile: Profile
    dtype: str
    """Of the predictions."""
    against: str
    """Where the measurements are from, in words."""
    cases: tuple[Case, ...]
    noise_ratio: float | None = None
    """How far the measured machine swings, where it was measured now: no error below says anything."""
    unseen: frozenset[str] = frozenset()
    """Cases of families that the profile's calibration measured nothing of, where that is known."""

    @property
    def unseen_summary(self) -> ErrorSummary | None:
        """Of the cases in ``unseen``."""
        errors = [np.log(c.predicted_s / c.measured_s) for c in self.cases if c.name in self.unseen]
        return ErrorSummary.of(errors) if errors else None

    @property
    def summary(self) -> ErrorSummary:
        return ErrorSummary.of([np.log(c.predicted_s / c.measured_s) for c in self.cases])

    @property
    def coverage_ratio(self) -> float:
        return float(np.mean([c.covered for c in self.cases]))

    @property
    def rank_correlation(self) -> float | None:
        """Among networks of similar macs; None where too few are similar."""
        columns = [[getattr(c, name) for c in self.cases] for name in ("macs", "predicted_s", "measured_s")]
        return rank_correlation_in_bands(*columns)

    @property
    def worst(self) -> list[Case]:
        """The three largest errors."""
        return sorted(self.cases, key=lambda c: -abs(np.log1p(c.error_ratio)))[:3]

    def swapped_pairs(self, margin_ratio: float = 0.1) -> tuple[int, int]:
        """(pairs ordered wrongly, pairs) among those whose measured times differ by more than the margin.

        Predictions that tie are not ordered wrongly.
        """
        wrong = pairs = 0
        for i, a in enumerate(self.cases):
            for b in self.cases[i + 1 :]:
                if max(a.measured_s, b.measured_s) > (1 + margin_ratio) * min(a.measured_s, b.measured_s):
                    pairs += 1
                    wrong += order(a.measured_s, b.measured_s) == -order(a.predicted_s, b.predicted_s)
        return wrong, pairs


def case(name: str, graph: LayerGraph, profile: Profile, run: RunConfig, measured_s: float) -> Case:
    """Predict one network and put the measurement beside it."""
    return case_of(name, simulate(graph, profile, run), measured_s)


def case_of(name: str, result: Simulation, measured_s: float) -> Case:
    """A measurement beside a prediction that is there."""
    predicted_s = float(result.costs.latency_s.sum())
    return Case(
        name=name,
        threads=int(result.run.threads),
        macs=float(result.ops.macs.sum()),
        measured_s=measured_s,
        predicted_s=predicted_s,
        low_s=predicted_s * result.trust.low_ratio,
        high_s=predicted_s * result.trust.high_ratio,
        ruled_by=result.costs.limit_names[int(bounds(result.ops, result.costs)[0])],
    )
