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
    at_once: int = 1,
    progress: Callable[[str], None] = lambda network: None,
) -> list[dict[str, float]]:
    """Per run: network to log(predicted / measured) of a fit that saw it in no run at all.

    Args:
        runs: what was measured.
        constants: what is free.
        whole: the fit to all networks.
        at_once: networks that are left out together: more are a harder test, and a shorter one.
        progress: told what is left out.
    """
    errors: list[dict[str, float]] = [{} for _ in runs]
    names = sorted({name for run in runs for name in run.networks})
    folds = -(-len(names) // at_once)
    for together in (names[fold::folds] for fold in range(folds)):
        progress(", ".join(together))
        seen = fit(
            runs,
            constants.core,
            constants.board,
            without=together,
            start=whole.log_factors,
            max_steps=STEPS_FROM_FULL_FIT,
        )
        for run_errors, all_errors in zip(errors, seen.log_errors, strict=True):
            run_errors.update({name: all_errors[name] for name in together if name in all_errors})
    return errors
