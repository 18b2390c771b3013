"""Writes what was fitted into the profiles: core constants, board constants, accuracy cards."""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.files import write_text
from costsim.hardware import write_profile
from costsim.units import format_quantity, round_significant
from validation.arm import RESULTS
from validation.arm_runs import CORES, PROFILES, core_of, profile_path

TIMES = ("_overhead", "_elem", "handover", "swap")
"""How the names of fitted times end."""

CLOCK = "fitted.clock_ratio"

SOURCE = "Tencent/ncnn benchmark/README.md @ a4d2ea1d"


def apply(core: str) -> None:
    """The fitted blocks and calibrations of one core type and all its boards."""
    result = json.loads((RESULTS / f"arm_{core}.json").read_text())
    errors = log_errors(result["runs"])
    boards = list(dict.fromkeys(run["board"] for run in result["runs"]))
    note = (
        f"{SOURCE}: {len(errors)} latencies on {len(boards)} boards ({', '.join(boards)}); "
        f"mean error of networks left out {ErrorSummary.of(errors).mean_ratio:.1%}"
    )
    shared = CORES[core].shared
    for ending in CORES[core].endings if shared else ():
        constants = result["core"] | {CLOCK: held_clock(result["runs"], ending)}
        write_fit(PROFILES / f"_cortex_{ending}.yaml", constants, note, None)
    for board in boards:
        runs = [run for run in result["runs"] if run["board"] == board]
        own = log_errors(runs)
        constants = runs[0]["constants"] if shared else result["core"] | runs[0]["constants"]
        threads = " and ".join(str(run["threads"]) for run in sorted(runs, key=lambda r: r["threads"]))
        data = f"{SOURCE}: {len(own)} latencies of convolutional networks on {threads} threads"
        # The interval is that of all boards with this core: one board's errors are too few for their tails.
        write_fit(profile_path(board), constants, note, calibration_block(data, own, interval_ratios(errors)))


def held_clock(runs: list[dict[str, Any]], ending: str, without: str | None = None) -> float:
    """Share of the nominal clock that boards of one core file hold, geometric mean: what a board nobody fitted has.

    1 where no board is left.
    """
    shares = {run["board"]: run["constants"][CLOCK] for run in runs if core_of(run["board"]) == ending}
    shares.pop(without, None)
    return float(np.exp(np.mean(np.log(list(shares.values()))))) if shares else 1.0


def log_errors(runs: list[dict[str, Any]], kind: str = "left_out") -> np.ndarray:
    """log(predicted / measured) of all networks in some runs, each left out of the fit, or ``seen`` by it."""
    return np.concatenate([list(run[f"log_error_{kind}"].values()) for run in runs])


def calibration_block(data: str, own: np.ndarray, interval: tuple[float, float]) -> dict[str, Any]:
    """What a profile says of its own accuracy."""
    summary = ErrorSummary.of(own)
    numbers = {
        "mean_error_ratio": summary.mean_ratio,
        "within_10_percent_ratio": summary.within_10_percent_ratio,
        "low_ratio": interval[0],
        "high_ratio": interval[1],
    }
    head = {"status": "calibrated", "data": data, "date": dt.datetime.now(tz=dt.UTC).date().isoformat()}
    return head | {name: float(round_significant(value, 3)) for name, value in numbers.items()}


def write_fit(path: Path, constants: dict[str, float], note: str, calibration: dict[str, Any] | None) -> None:
    """Replace the fitted block of a profile, its source and, for boards, its calibration; the rest stays as it is.

    Of the block stay what it holds in blocks of its own and numbers with a source of their own: other fits made them.
    """
    with edited(path) as tree:
        tree["sources"]["fit"] = {"kind": "fitted", "text": note}
        before = tree.get("fitted") or {}
        kept = {name: entry for name, entry in before.items() if isinstance(entry, Mapping)}
        tree["fitted"] = (
            kept | {"source": "fit"} | {name.split(".")[-1]: _text(name, value) for name, value in constants.items()}
        )
        if calibration is not None:
            others = (tree.get("calibration") or {}).get("by_dtype")
            tree["calibration"] = calibration | ({"by_dtype": others} if others else {})


@contextmanager
def edited(path: Path) -> Iterator[Any]:
    """The tree of a profile, to be changed in place: what is not touched keeps its place, quotes and comments.

    It is written when the block ends; a device is checked before, a part of devices (``_cortex_a53.yaml``) cannot be.
    """
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = 1000, True
    tree = yaml.load(path.read_text())
    yield tree
    text = io.StringIO()
    yaml.dump(tree, text)
    (write_text if path.name.startswith("_") else write_profile)(path, text.getvalue())


def _text(name: str, value: float) -> str | float:
    return format_quantity(value, "s", 3) if name.endswith(TIMES) else float(round_significant(value, 4))


if __name__ == "__main__":
    for name in sys.argv[1:] or CORES:
        apply(name)
