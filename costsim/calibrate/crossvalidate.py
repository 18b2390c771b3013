"""Errors on networks the fit has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from costsim.calibrate.constants import Constants
from costsim.calibrate.fit import Fit, fit
from costsim.calibrate.problem import MeasuredRun

STEPS_FROM_FULL_FIT = 8
"""A fit without one network starts where the full one ended."""


def leave_one_network_out(
    runs: Sequence[MeasuredRun],
    constants: Constants,
    whole: Fit,
    *,
    progress: Callable[[str], None] = lambda network: None,
) -> list[dict[str, float]]:
    """Per run: network to log(predicted / measured) of a fit that saw it in no run at all."""
    errors: list[dict[str, float]] = [{} for _ in runs]
    for network in sorted({name for run in runs for name in run.networks}):
        progress(network)
        seen = fit(
            runs,
            constants.core,
            constants.board,
            without=[network],
            start=whole.log_factors,
            max_steps=STEPS_FROM_FULL_FIT,
        )
        for run_errors, all_errors in zip(errors, seen.log_errors, strict=True):
            if network in all_errors:
                run_errors[network] = all_errors[network]
    return errors
