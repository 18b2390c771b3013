"""Fitting a profile to a handful of measured networks, starting from what is known of its like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from costsim.calibrate.constants import INT8, constants_of, known_to
from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.fit import NOISE, fit
from costsim.calibrate.measured_ops import measured_ops
from costsim.calibrate.measurements import Measurement
from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.devices import RunConfig
from costsim.errors import InputError
from costsim.hardware import Profile
from costsim.simulate import lower_for, run_of
from costsim.units import counted

CORE_BELIEF = 0.35
"""Constants of the core are known from a calibrated base: their spread shrinks to this share."""

FAR = 2.0
"""Standard deviations of a belief beyond which a constant is no longer plausible."""

FEWEST = 3
"""Networks a fit needs: fewer cannot tell a faster clock from a faster memory."""


@dataclass(frozen=True)
class FewShot:
    """A fitted profile and what the fit did."""

    values: dict[str, float]
    """Field to its fitted SI value."""
    before: ErrorSummary
    after: ErrorSummary
    low_ratio: float
    high_ratio: float
    networks: tuple[str, ...]
    dtype: str
    """Of the measurements."""
    runs: tuple[MeasuredRun, ...]
    """The measurements, one run a thread count."""
    misfit: float
    """What the fit paid a measurement: errors in units of noise and moves of constants, as a root mean square."""
    moves: dict[str, float]
    """Constant to how far it moved, in standard deviations of what was believed of it."""

    @property
    def implausible(self) -> list[str]:
        """Constants that are where none was believed to be: ``dram_ratio +40%``."""
        found = sorted(
            (path for path, move in self.moves.items() if abs(move) > FAR), key=lambda p: -abs(self.moves[p])
        )
        before = self.runs[0].profile
        return [f"{path.split('.', 1)[1]} {self.values[path] / before.value_at(path) - 1:+.0%}" for path in found]


def measured_runs(profile: Profile, measurements: Sequence[Measurement], dtype: str | None = None) -> list[MeasuredRun]:
    """One run a thread count and data type: a quantised file brings its own where none is asked for.

    Raises:
        InputError: a network is unknown, or more threads than the device has.
    """
    graphs = {m.name: m.graph() for m in measurements}
    by_run: dict[RunConfig, dict[str, float]] = {}
    by_op: list[MeasuredRun] = []
    for m in measurements:
        run = run_of(graphs[m.name], profile, dtype, m.threads)
        if m.profile is not None and profile.issued_by_host:
            by_op.append(measured_ops(m.name, graphs[m.name], m.profile, profile, run))
        else:
            by_run.setdefault(run, {})[m.name] = m.latency_s
    return by_op + [
        MeasuredRun(
            f"{counted(int(run.threads), 'thread')}",
            profile,
            run,
            {name: lower_for(graphs[name], profile, run) for name in measured},
            measured,
        )
        for run, measured in by_run.items()
    ]


def calibrate(
    base: Profile, measurements: Sequence[Measurement], dtype: str | None = None, *, max_steps: int = 40
) -> FewShot:
    """Fit the constants of a board, and gently those of its core, to ``measurements``.

    Raises:
        InputError: too few networks, an unknown one, or a family that is not fitted.
    """
    constants = known_to(constants_of(base.family), base)
    networks = tuple(dict.fromkeys(m.name for m in measurements))
    runs = measured_runs(base, measurements, dtype)
    if sum(len(run.networks) for run in runs) < FEWEST:
        raise InputError(
            f"{len(networks)} network{'s' * (len(networks) != 1)} cannot fit the constants of a board",
            where="measurements",
            mend=f"measure at least {FEWEST}, better 5, unlike each other",
        )
    belief = 1.0 if base.calibration.status == "uncalibrated" else CORE_BELIEF
    in_int8 = base.family == "cpu" and any(run.run.dtype == "int8" for run in runs)  # others have one set of kernels
    core = (*constants.core, *(known_to(INT8, base).core if in_int8 else ()))
    believed = [replace(c, spread=c.spread * belief) for c in core]
    own = seen_constants(constants.board, runs)
    before = np.concatenate([run.log_errors() for run in runs])
    fitted = fit(runs, believed, own, max_steps=max_steps)
    moves = {c.path: float(np.log(fitted.factors[0][c.path]) / c.spread) for c in (*believed, *own)}
    after = [e for errors in fitted.log_errors for e in errors.values()]
    own_low, own_high = interval_ratios(after)
    return FewShot(
        values=fitted.values(runs, 0),
        before=ErrorSummary.of(before),
        after=ErrorSummary.of(after),
        low_ratio=min(own_low, base.calibration.low_ratio),
        high_ratio=max(own_high, base.calibration.high_ratio),
        networks=networks,
        dtype=runs[0].run.dtype,
        runs=tuple(runs),
        misfit=float(np.sqrt((np.square(np.divide(after, NOISE)).sum() + _strain(moves)) / len(after))),
        moves=moves,
    )


def _strain(moves: Mapping[str, float]) -> float:
    return float(np.square(list(moves.values())).sum())


def seen_constants(board: Sequence[Constant], runs: Sequence[MeasuredRun]) -> list[Constant]:
    """The constants that runs with these thread counts can tell: one thread shows no contention."""
    if any(run.run.threads > 1 for run in runs):
        return list(board)
    return [c for c in board if "thread" not in c.path and "contention" not in c.path]
