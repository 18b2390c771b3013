"""Five measured networks, the rest predicted: what calibrating a new board gives.

For every measured run, the base profile holds what is known of the core (constants of the core
file) and of the board (clock, caches, bandwidths), the share of the clock that other boards of the core
file hold, and the start values of the fit for whatever else is fitted per board; five random networks
calibrate it. The core's constants were fitted on all boards of that core, this one among them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from costsim.calibrate.constants import constants_of
from costsim.calibrate.few_shot import CORE_BELIEF, seen_constants
from costsim.calibrate.fit import fit
from costsim.calibrate.problem import MeasuredRun
from costsim.hardware import load_profile
from validation.apply import held_clock
from validation.arm import RESULTS
from validation.arm_runs import CORES, core_of, profile_path, runs_of, start_of_the_fit

SHOTS = 5
DRAWS = 3


def errors_of(run: MeasuredRun, fitted: list[dict[str, Any]], draw: np.random.Generator) -> list[float]:
    """Absolute relative errors on the networks the calibration did not see, over some draws of five.

    Args:
        run: what was measured.
        fitted: what ``validation.arm`` found for the runs of its core type.
        draw: which networks are measured.
    """
    name = run.profile.name
    board = load_profile(profile_path(name))
    start, constants = start_of_the_fit(), constants_of("cpu")
    words = {c.path.split(".")[-1] for c in constants.board}
    unfitted = {name: getattr(start, name) for name in type(start).model_fields if name.removesuffix("_s") in words}
    unfitted["clock_ratio"] = held_clock(fitted, core_of(name), without=name)
    base = replace(run, profile=board.model_copy(update={"fitted": board.fitted.model_copy(update=unfitted)}))
    core = [replace(c, spread=c.spread * CORE_BELIEF) for c in constants.core]
    errors: list[float] = []
    for _ in range(DRAWS):
        shots = set(draw.choice(run.networks, SHOTS, replace=False))
        others = [name for name in run.networks if name not in shots]
        found = fit([base], core, seen_constants(constants.board, [base]), without=others, max_steps=15)
        errors += [abs(np.expm1(found.log_errors[0][name])) for name in others]
    return errors


def all_medians() -> dict[str, list[float]]:
    """Core type to the median error of each of its runs."""
    draw = np.random.default_rng(2024)
    medians = {}
    for name, core in CORES.items():
        fitted = json.loads((RESULTS / f"arm_{name}.json").read_text())["runs"]
        medians[core.title] = [float(np.median(errors_of(run, fitted, draw))) for run in runs_of(core)]
    return medians


if __name__ == "__main__":
    found = {title: [float(f"{value:.3g}") for value in values] for title, values in all_medians().items()}
    RESULTS.joinpath("few_shot.json").write_text(json.dumps(found, indent=1) + "\n")
