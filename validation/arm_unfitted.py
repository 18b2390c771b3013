"""Boards of a listed core that nobody fitted: what the datasheet alone gives.

``python -m validation.arm_unfitted``. Every board is priced with the constants of its core, its own clock, caches and
bandwidths; of what is fitted by board it has the share of the clock that the other boards of its core file hold, and
for the rest the values every fit starts from. The core's constants were fitted on all boards of that core, this one
among them: one board of two to eight.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from validation.apply import CLOCK, held_clock
from validation.arm import RESULTS
from validation.arm_runs import CORES, CoreType, core_of, runs_of


def runs_at_start(name: str, core: CoreType) -> list[tuple[str, int, float]]:
    """(board, threads, median error) of each run on boards of a core."""
    known = json.loads((RESULTS / f"arm_{name}.json").read_text())
    found = []
    for run in runs_of(core):  # their profiles hold the values the fits start from
        board = run.profile.name
        constants = known["core"] | {CLOCK: held_clock(known["runs"], core_of(board), without=board)}
        rates = {path: np.array([value]) for path, value in constants.items()}
        errors = np.abs(np.expm1(np.log(run.predict(rates)[:, 0]) - run.log_measured))
        found.append((run.profile.name, run.run.threads, float(np.median(errors))))
    return found


def figures() -> Iterator[str]:
    """Of each core and of all."""
    every: list[float] = []
    for name, core in CORES.items():
        if not core.shared:  # builds without half precision: constants of the board alone
            continue
        runs = runs_at_start(name, core)
        every += [median for *_, median in runs]
        medians = [median for *_, median in runs]
        board, threads, worst = max(runs, key=lambda run: run[2])
        yield f"{core.title}: {np.median(medians):.1%}, worst {worst:.1%} ({board}, {threads} threads)"
    yield f"All {len(every)} runs: {np.median(every):.1%}"


if __name__ == "__main__":
    print("\n".join(figures()))
