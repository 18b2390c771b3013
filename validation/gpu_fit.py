"""Fitting the rates of a GPU profile to measurements, and predicting what the fit has not seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from costsim.calibrate.constants import constants_of
from costsim.calibrate.fit import fit
from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.simulate import lower_for, simulate

PRIOR = {
    "fitted.matrix_ratio": "0.8",
    "fitted.winograd_ratio": "0.8",
    "fitted.step_ratio": "1.2",
    "fitted.overlap": "4",
    "fitted.launch": "4 us",
    "fitted.ramp": "4 us",
}
"""Where a fit starts, and is drawn to where the data say nothing."""

ALL_CONSTANTS = (*constants_of("gpu").core, *constants_of("gpu").board)
CONSTANTS = tuple(constant for constant in ALL_CONSTANTS if constant.path in PRIOR)
"""Those that dense layers tell apart."""

STEPS_FROM_FULL_FIT = 15
"""A fit without one fold starts where the full one ended."""


def measured_run(
    name: str, profile: Profile, graphs: Mapping[str, LayerGraph], measured_s: Mapping[str, float]
) -> MeasuredRun:
    """One set of measurements as the fit takes it."""
    run = RunConfig.of(profile)
    tables = {key: lower_for(graph, profile, run) for key, graph in graphs.items()}
    return MeasuredRun(name, profile, run, tables, dict(measured_s))


def device_only(name: str, **settings: str) -> Profile:
    """A profile at the priors whose clock starts with the input on the device and never waits for the host."""
    return load_profile(name, {"input_from": "device", "dispatch": "0 us", **PRIOR, **settings})


def solve(run: MeasuredRun, constants: Sequence[Constant] = CONSTANTS) -> tuple[dict[str, float], dict[str, float]]:
    """(field to fitted SI value, name to log(predicted / measured))."""
    solved = fit([run], constants, [])
    return solved.values([run], 0), solved.log_errors[0]


def left_out_errors(
    run: MeasuredRun, folds: Iterable[Collection[str]], constants: Sequence[Constant] = CONSTANTS
) -> dict[str, float]:
    """Name to log(predicted / measured), each from a fit that has not seen its fold."""
    whole = fit([run], constants, [])
    errors: dict[str, float] = {}
    for fold in folds:
        seen = fit([run], constants, [], without=fold, start=whole.log_factors, max_steps=STEPS_FROM_FULL_FIT)
        errors |= {name: seen.log_errors[0][name] for name in fold}
    return errors


def random_folds(names: Collection[str], count: int = 5) -> list[list[str]]:
    """``count`` parts of ``names``, the same in every run."""
    shuffled = np.random.default_rng(0).permutation(sorted(names)).tolist()
    return [shuffled[start::count] for start in range(count)]


def predicted_s(profile: Profile, graph: LayerGraph) -> float:
    """Seconds of a network on a profile as users get them."""
    return float(simulate(graph, profile, RunConfig.of(profile)).costs.latency_s.sum())
