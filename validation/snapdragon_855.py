"""Snapdragon 855 with Paddle Lite: fitted on PaddleClas's latencies, networks and families left out.

``python -m validation.snapdragon_855`` fits again and prints every figure; ``--write`` keeps the fit in the profile.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from costsim.calibrate.constants import constants_of
from costsim.calibrate.crossvalidate import leave_one_network_out
from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.fit import fit
from costsim.calibrate.problem import MeasuredRun
from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.simulate import lower_for
from validation.apply import calibration_block, write_fit
from validation.arm_runs import profile_path, start_of_the_fit

PROFILE = "snapdragon_855"
DATA = Path(__file__).parent / "data" / "paddleclas_snapdragon_855.csv"
SOURCE = "PaddlePaddle/PaddleClas @ d178931f, SD855"

CONSTANTS = constants_of("cpu")


def measurements() -> pd.DataFrame:
    """Network, threads and milliseconds."""
    return pd.read_csv(DATA)


def measured_runs() -> list[MeasuredRun]:
    """One run a thread count, at the constants every fit of a CPU starts from."""
    profile = load_profile(PROFILE).model_copy(update={"fitted": start_of_the_fit()})
    runs = []
    table = measurements()
    for threads in sorted(table.threads.unique().tolist()):
        rows, run = table[table.threads == threads], RunConfig("fp32", threads)
        tables = {name: lower_for(Network(name).graph, profile, run) for name in rows.network}
        measured_s = dict(zip(rows.network, rows.latency_ms / 1e3, strict=True))
        runs.append(MeasuredRun(f"{threads} thread{'s' * (threads > 1)}", profile, run, tables, measured_s))
    return runs


def family(network: str) -> str:
    """``mobilenet_v3_large`` of ``mobilenet_v3_large_0.5x``."""
    return "_".join(word for word in network.split("_") if not word.endswith("x"))


Errors = Sequence[Mapping[str, float]]
"""Per run: network to log(predicted / measured)."""


def families_left_out(runs: Sequence[MeasuredRun], start: np.ndarray) -> Errors:
    """Each error of a fit that saw no width of the network's family."""
    errors: list[dict[str, float]] = [{} for _ in runs]
    names = {name for run in runs for name in run.networks}
    for left_out in sorted({family(name) for name in names}):
        fold = [name for name in names if family(name) == left_out]
        seen = fit(runs, CONSTANTS.core, CONSTANTS.board, without=fold, start=start)
        for own, every in zip(errors, seen.log_errors, strict=True):
            own |= {name: every[name] for name in fold if name in every}
    return errors


def flat(errors: Errors) -> np.ndarray:
    """The errors of all runs."""
    return np.array([error for own in errors for error in own.values()])


def main(arguments: list[str]) -> None:
    """Fit, leave out, print, and keep the fit if asked to."""
    runs = measured_runs()
    whole = fit(runs, CONSTANTS.core, CONSTANTS.board)
    unseen = families_left_out(runs, whole.log_factors)
    _print("in sample", runs, whole.log_errors)
    _print("networks left out", runs, leave_one_network_out(runs, CONSTANTS, whole))
    _print("families left out", runs, unseen)
    interval = interval_ratios(flat(unseen))
    print("90 % interval from families left out:", [round(ratio, 2) for ratio in interval])
    if "--write" in arguments:
        own = flat(unseen)
        note = f"{SOURCE}: {len(own)} latencies; mean error of families left out {ErrorSummary.of(own).mean_ratio:.1%}"
        data = f"{SOURCE}: {len(own)} latencies of MobileNets alone, on 1, 2 and 4 threads; errors of families left out"
        write_fit(profile_path(PROFILE), whole.values(runs, 0), note, calibration_block(data, own, interval))


def _print(title: str, runs: Sequence[MeasuredRun], errors: Errors) -> None:
    for name, chosen in [*((run.name, [own]) for run, own in zip(runs, errors, strict=True)), ("all", errors)]:
        s = ErrorSummary.of(flat(chosen))
        worst = np.abs(np.expm1(flat(chosen))).max()
        print(
            f"{title}, {name:9s} {s.count:3d}: mean {s.mean_ratio:.1%}, median {s.median_ratio:.1%}, "
            f"{s.within_10_percent_ratio:.0%} within 10 %, worst {worst:.0%}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
