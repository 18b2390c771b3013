"""Networks of ncnn's benchmark that are in no fit: what a user meets.

``python -m validation.arm_never_fitted``: GoogLeNet and RegNetY-400MF on every measured board, as the shipped profiles
predict them. No constant was fitted on them, on any board.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from costsim.calibrate.errors import ErrorSummary
from costsim.hardware import load_profile
from validation.arm_runs import CORES, DATA, core_of, predicted_s, profile_path


@dataclass(frozen=True)
class Case:
    """One latency."""

    core: str
    network: str
    board: str
    threads: int
    log_error: float
    inside: bool
    """Whether the measurement lies in the profile's 90 % interval."""


def cases() -> list[Case]:
    """All of them."""
    found = []
    for row in pd.read_csv(DATA / "measurements_never_fitted.csv").itertuples():
        card = load_profile(profile_path(row.board)).calibration
        predicted, measured_s = predicted_s(row.network, row.board, int(row.threads)), row.latency_ms / 1e3
        inside = card.low_ratio * predicted <= measured_s <= card.high_ratio * predicted
        core = next(c.title for c in CORES.values() if core_of(row.board) in c.endings and c.dtype == row.dtype)
        error = float(np.log(predicted / measured_s))
        found.append(Case(core, row.network, row.board, int(row.threads), error, bool(inside)))
    return found


def figures() -> Iterator[str]:
    """Of each core and network, and of all."""
    every = cases()
    groups: dict[str, list[Case]] = {}
    for case in every:
        groups.setdefault(f"{case.core}, {case.network}", []).append(case)
    groups["all"] = every
    for title, those in groups.items():
        s = ErrorSummary.of([case.log_error for case in those])
        inside = np.mean([case.inside for case in those])
        yield (
            f"{title}: {s.count} latencies, mean error {s.mean_ratio:.1%}, median {s.median_ratio:.1%}, "
            f"within 10 % {s.within_10_percent_ratio:.0%}, in the 90 % interval {inside:.0%}"
        )


if __name__ == "__main__":
    print("\n".join(figures()))
