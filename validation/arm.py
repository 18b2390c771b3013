"""ncnn on ARM: fit each core type, and leave every network out once, three at a time.

``python -m validation.arm`` solves all core types (minutes each) and keeps the outcome in
``validation/results``; ``python -m validation.arm a53`` one of them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from costsim.calibrate.constants import constants_of
from costsim.calibrate.crossvalidate import leave_one_network_out
from costsim.calibrate.fit import fit
from validation.arm_runs import CORES, runs_of

RESULTS = Path(__file__).parent / "results"

LEFT_OUT_AT_ONCE = 3
"""Networks that a fit does without."""


def solve(core: str) -> dict[str, Any]:
    """Everything later stages need of one core type, as plain data."""
    runs, constants = runs_of(CORES[core]), constants_of("cpu")
    whole = fit(runs, constants.core, constants.board)
    left_out = leave_one_network_out(
        runs,
        constants,
        whole,
        at_once=LEFT_OUT_AT_ONCE,
        progress=lambda networks: print(f"{core}: without {networks}", file=sys.stderr),
    )
    core_paths = {c.path for c in constants.core}
    values = [whole.values(runs, index) for index in range(len(runs))]
    return {
        "core": {path: value for path, value in values[0].items() if path in core_paths},
        "runs": [
            {
                "board": run.profile.name,
                "threads": run.run.threads,
                "dtype": run.run.dtype,
                "constants": {path: value for path, value in own.items() if path not in core_paths},
                "log_error_seen": whole.log_errors[index],
                "log_error_left_out": left_out[index],
            }
            for index, (run, own) in enumerate(zip(runs, values, strict=True))
        ],
    }


def main(cores: list[str]) -> None:
    """Solve and keep."""
    RESULTS.mkdir(exist_ok=True)
    for core in cores or CORES:
        text = json.dumps(rounded(solve(core)), indent=1)
        (RESULTS / f"arm_{core}.json").write_text(text + "\n")


def rounded(value: Any) -> Any:
    """Numbers with as many digits as mean something, so that a rerun shows no noise as a change."""
    if isinstance(value, dict):
        return {key: rounded(v) for key, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main(sys.argv[1:])
