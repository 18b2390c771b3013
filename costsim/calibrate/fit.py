"""Robust least squares on logarithms, held by priors.

Minimised is the sum of ``rho(r^2)`` over the residuals ``(log predicted - log measured) / NOISE`` of
all measurements and ``(log value - log prior) / spread`` of all constants. The loss rho (soft L1)
lets a few bad measurements be bad; the priors keep constants that the data cannot tell apart
where they were known to be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.errors import InputError

NOISE = 0.06
"""Relative error at which a measurement begins to count less than quadratically."""

EDGE = 1e-6
"""The solver needs to start inside its bounds; constants may lie on theirs."""


@dataclass(frozen=True)
class Fit:
    """The outcome, as factors on the constants of each run's profile."""

    factors: tuple[dict[str, float], ...]
    """Per run: field to its value over the value in the profile."""
    log_errors: tuple[dict[str, float], ...]
    """Per run: network to log(predicted / measured), left-out networks included."""
    log_factors: np.ndarray
    """As the solver left them: where a similar fit may start."""

    def values(self, runs: Sequence[MeasuredRun], index: int) -> dict[str, float]:
        """The constants of one run in SI units."""
        return {path: factor * runs[index].profile.value_at(path) for path, factor in self.factors[index].items()}


class _Objective:
    """Residuals and Jacobian in the logarithms of all factors: shared ones first, then board by board."""

    def __init__(
        self,
        runs: Sequence[MeasuredRun],
        shared: Sequence[Constant],
        own: Sequence[Constant],
        without: Collection[str],
    ) -> None:
        self.runs = runs
        self.constants = [*shared, *own]
        boards = list(dict.fromkeys(run.profile.name for run in runs))
        first = [len(shared) + boards.index(run.profile.name) * len(own) for run in runs]
        self.places = [[*range(len(shared)), *range(f, f + len(own))] for f in first]
        self.known = [np.log([run.profile.value_at(c.path) for c in self.constants]) for run in runs]
        self.spread = np.array([c.spread for c in (*shared, *(c for _ in boards for c in own))])
        self.bounds = self._bounds()
        self.kept = [np.array([name not in without for name in run.networks]) for run in runs]
        self._last: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        low, high = np.full(len(self.spread), -np.inf), np.full(len(self.spread), np.inf)
        lowest, highest = (np.log([getattr(c, side) for c in self.constants]) for side in ("low", "high"))
        for place, known in zip(self.places, self.known, strict=True):
            low[place] = np.maximum(low[place], lowest - known)
            high[place] = np.minimum(high[place], highest - known)
        return low - EDGE, high + EDGE

    def residuals(self, log_factors: np.ndarray) -> np.ndarray:
        return self._at(log_factors)[1]

    def jacobian(self, log_factors: np.ndarray) -> np.ndarray:
        return self._at(log_factors)[2]

    def _at(self, log_factors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if self._last is None or not np.array_equal(self._last[0], log_factors):
            errors, slopes = [log_factors / self.spread], [np.diag(1 / self.spread)]
            for index, (run, kept) in enumerate(zip(self.runs, self.kept, strict=True)):
                log_s, jacobian = self.predict(index, log_factors)
                slope = np.zeros((len(log_s), len(log_factors)))
                slope[:, self.places[index]] = jacobian
                errors.append((log_s - run.log_measured)[kept] / NOISE)
                slopes.append(slope[kept] / NOISE)
            self._last = log_factors.copy(), np.concatenate(errors), np.concatenate(slopes)
        return self._last

    def predict(self, index: int, log_factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logarithms of the predictions of one run, and their derivatives by its factors."""
        values = self.known[index] + log_factors[self.places[index]]
        return self.runs[index].log_prediction(self.constants, values)


def solver() -> Callable[..., Any]:
    """SciPy's, imported late: it takes long, and only calibration needs it.

    Raises:
        InputError: it is not installed.
    """
    try:
        from scipy.optimize import least_squares
    except ImportError:
        raise InputError("scipy is not installed", mend="pip install 'costsim[calibrate]'") from None
    return least_squares


def fit(
    runs: Sequence[MeasuredRun],
    shared: Sequence[Constant],
    own: Sequence[Constant],
    *,
    without: Collection[str] = (),
    start: np.ndarray | None = None,
    max_steps: int = 40,
) -> Fit:
    """Fit constants on all networks but ``without``.

    A shared constant moves by one factor in all runs, whatever value each run's profile has for it;
    an own constant moves for each profile as the runs on that profile ask.
    """
    least_squares = solver()
    objective = _Objective(runs, shared, own, without)
    low, high = objective.bounds
    begin = np.clip(np.zeros(len(low)) if start is None else start, low + EDGE / 2, high - EDGE / 2)
    solved = least_squares(
        objective.residuals, begin, objective.jacobian, bounds=(low, high), loss="soft_l1", max_nfev=max_steps
    )
    errors = [
        dict(zip(run.networks, objective.predict(index, solved.x)[0] - run.log_measured, strict=True))
        for index, run in enumerate(runs)
    ]
    paths = [c.path for c in objective.constants]
    return Fit(
        factors=tuple(dict(zip(paths, np.exp(solved.x[place]).tolist(), strict=True)) for place in objective.places),
        log_errors=tuple(errors),
        log_factors=solved.x,
    )
