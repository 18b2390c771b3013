"""Boards of a listed core that nobody fitted: what the datasheet alone gives.

``python -m validation.arm_unfitted``. Every board is priced with the constants of its core, its own clock, caches and
bandwidths, and for what is fitted by board the values every fit starts from. The core's constants were fitted on all
boards of that core, this one among them: one board of two to eight.
"""

from __future__ import annotations

import json

import numpy as np

from validation.arm import RESULTS
from validation.arm_runs import CORES, CoreType, runs_of


def medians(name: str, core: CoreType) -> list[tuple[str, int, float, float]]:
    """(board, threads, median error, share of errors within 10 %) of each run on boards of a core."""
    known = json.loads((RESULTS / f"arm_{name}.json").read_text())["core"]
    rates = {path: np.array([value]) for path, value in known.items()}
    found = []
    for run in runs_of(core):  # their profiles hold the values the fits start from
        errors = np.abs(np.expm1(np.log(run.predict(rates)[:, 0]) - run.log_measured))
        found.append((run.profile.name, run.run.threads, float(np.median(errors)), float(np.mean(errors < 0.1))))
    return found


def main() -> None:
    """Print every run, each core and all."""
    every: list[float] = []
    for name, core in CORES.items():
        if not core.shared:  # builds without half precision: constants of the board alone
            continue
        runs = medians(name, core)
        every += [median for *_, median, _ in runs]
        for board, threads, median, within in runs:
            print(f"{board}, {threads} thread{'s' * (threads > 1)}: median {median:.1%}, within 10 % {within:.0%}")
        print(f"{core.title}: median of {len(runs)} runs {np.median([median for *_, median, _ in runs]):.1%}\n")
    print(f"all {len(every)} runs: {np.median(every):.1%}, worst {max(every):.1%}")


if __name__ == "__main__":
    main()
