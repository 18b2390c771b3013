"""Robust least squares on logarithms, held by priors.

Minimised is the sum of ``rho(r^2)`` over the residuals ``(log predicted - log measured) / NOISE`` of
all measurements and ``(log value - log prior) / spread`` of all constants. The loss rho (soft L1)
lets a few bad measurements be bad; the priors keep constants that the data cannot tell apart
where they were known to be.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from costsim.calibrate.problem import Constant, MeasuredRun

NOISE = 0.06
"""Relative error at which a measurement begins to count less than quadratically."""


@dataclass(frozen=True)
class Fit:
    """The outcome: constants shared by all runs and, per run, its own."""

    shared: dict[str, float]
    own: tuple[dict[str, float], ...]
    log_errors: tuple[dict[str, float], ...]
    """Per run: network to log(predicted / measured), left-out networks included."""
    log_values: np.ndarray
    """All constants as the solver left them: where a similar fit may start."""


class _Objective:
    """Residuals and Jacobian in the logarithms of all constants: shared ones first, then run by run."""

    def __init__(
        self,
        runs: Sequence[MeasuredRun],
        shared: Sequence[Constant],
        own: Sequence[Constant],
        without: Collection[str],
    ) -> None:
        self.runs = runs
        self.constants = [*shared, *(c for _ in runs for c in own)]
        first = [len(shared) + i * len(own) for i in range(len(runs))]
        self.places = [[*range(len(shared)), *range(f, f + len(own))] for f in first]
        owners = [runs[0]] * len(shared) + [run for run in runs for _ in own]
        known = [run.profile.value_at(c.path) for run, c in zip(owners, self.constants, strict=True)]
        self.prior = np.log(known)
        self.spread = np.array([c.spread for c in self.constants])
        self.bounds = np.log([[c.low for c in self.constants], [c.high for c in self.constants]])
        self.kept = [np.array([name not in without for name in run.networks]) for run in runs]
        self._last: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def residuals(self, log_values: np.ndarray) -> np.ndarray:
        return self._at(log_values)[1]

    def jacobian(self, log_values: np.ndarray) -> np.ndarray:
        return self._at(log_values)[2]

    def _at(self, log_values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if self._last is None or not np.array_equal(self._last[0], log_values):
            errors, slopes = [(log_values - self.prior) / self.spread], [np.diag(1 / self.spread)]
            for run, place, kept in zip(self.runs, self.places, self.kept, strict=True):
                log_s, jacobian = self.predict(run, place, log_values)
                slope = np.zeros((len(log_s), len(log_values)))
                slope[:, place] = jacobian
                errors.append((log_s - run.log_measured)[kept] / NOISE)
                slopes.append(slope[kept] / NOISE)
            self._last = log_values.copy(), np.concatenate(errors), np.concatenate(slopes)
        return self._last

    def predict(self, run: MeasuredRun, place: list[int], log_values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return run.log_prediction([self.constants[p] for p in place], log_values[place])


def fit(
    runs: Sequence[MeasuredRun],
    shared: Sequence[Constant],
    own: Sequence[Constant],
    *,
    without: Collection[str] = (),
    start: np.ndarray | None = None,
    max_steps: int = 40,
) -> Fit:
    """Fit ``shared`` constants over all runs and ``own`` ones run by run, on all networks but ``without``."""
    from scipy.optimize import least_squares  # takes long to import; only calibration needs it

    objective = _Objective(runs, shared, own, without)
    low, high = objective.bounds
    begin = np.clip(objective.prior if start is None else start, low + 1e-6, high - 1e-6)
    solved = least_squares(
        objective.residuals, begin, objective.jacobian, bounds=(low, high), loss="soft_l1", max_nfev=max_steps
    )
    values = np.exp(solved.x)
    errors = [
        dict(zip(run.networks, objective.predict(run, place, solved.x)[0] - run.log_measured, strict=True))
        for run, place in zip(runs, objective.places, strict=True)
    ]
    return Fit(
        shared={c.path: float(v) for c, v in zip(shared, values, strict=False)},
        own=tuple(
            {c.path: float(values[p]) for c, p in zip(own, place[len(shared) :], strict=True)}
            for place in objective.places
        ),
        log_errors=tuple(errors),
        log_values=solved.x,
    )
