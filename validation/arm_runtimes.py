"""XNNPACK, Paddle Lite, Tengine and TNN on ARM: rates of each runtime on each core, the board's being known.

``python -m validation.arm_runtimes`` fits every runtime and core, leaves every network out once and keeps the outcome
in ``validation/results``; ``python -m validation.arm_runtimes_report`` writes it into the core files. Fits start
from what ncnn's rates are on the core and are held to it, so few networks are enough to say what differs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from costsim.calibrate.constants import INT8, Constants
from costsim.calibrate.crossvalidate import leave_one_network_out
from costsim.calibrate.fit import fit
from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.network import Network
from costsim.simulate import lower_for
from validation import arm_runs
from validation.arm import RESULTS, rounded
from validation.arm_int8 import start as int8_start
from validation.arm_runs import profile_path

END_TO_END = ("yolo11n", "yolov8s")
"""Published with pre- and post-processing on a Raspberry Pi 5: no fit takes them."""

DATA = Path(__file__).parent / "data" / "arm_runtimes.csv"

COMMON = (
    Constant("fitted.clock_ratio", 0.05, high=1.0),
    Constant("fitted.contention_ratio", 1.0, high=0.5),
    Constant("fitted.op_overhead", 0.7),
)
"""What a runtime makes of a board's clock and threads is its own: ncnn's figures of the board do not carry over."""

FLOATS = (
    Constant("fitted.gemm_ratio", 0.2, high=1.0),
    Constant("fitted.spatial_ratio", 0.3, high=1.0),
    Constant("fitted.depthwise_ratio", 0.4, high=1.0),
    Constant("fitted.vector_ratio", 0.5, high=1.0),
    Constant("fitted.pack_bytes_per_cycle", 0.7),
    Constant("fitted.linear_bytes_per_cycle", 0.7),
)
INTEGERS = tuple(c for c in INT8.core if "winograd" not in c.path and "convert" not in c.path)
"""What a runtime's kernels may differ in from ncnn's on the same core."""


@cache
def measurements() -> pd.DataFrame:
    """Every latency that is kept here, with the core of its board."""
    table = pd.read_csv(DATA)
    return table.assign(core=[arm_runs.core_of(board) for board in table.board])


@cache
def graph(name: str, size: float) -> LayerGraph:
    """A network of the zoo or of ncnn's benchmark; a size of nan is its own."""
    if name.endswith(".param"):
        return arm_runs.network(name.removesuffix(".param"))
    side = None if np.isnan(size) else int(size)
    return Network(name, input_size=None if side is None else (3, side, side)).graph


def groups() -> Iterator[tuple[str, pd.DataFrame]]:
    """``runtime core`` and the measurements a fit takes."""
    table = measurements()
    for (runtime, core), rows in table[~table.network.isin(END_TO_END)].groupby(["runtime", "core"], sort=True):
        yield f"{runtime} {core}", rows


def starting(board: str, runtime: str, clock_ghz: float) -> Profile:
    """The board with the runtime's traits, and ncnn's rates on that core: what a fit starts from."""
    profile, ncnn = load_profile(profile_path(board), runtime=runtime), load_profile(profile_path(board))
    start = arm_runs.start_of_the_fit()
    own = ("clock_ratio", "contention_ratio", "op_overhead_s", "thread_overhead_s", "one_core_dram_ratio", "dram_ratio")
    fresh = {name: getattr(start, name) for name in own} | {"unpacked_ratio": 1.0, "int8": int8_start()}
    profile = profile.model_copy(update={"fitted": ncnn.fitted.model_copy(update=fresh)})
    if np.isnan(clock_ghz):
        return profile
    hardware = profile.hardware.model_copy(update={"clock_hz": clock_ghz * 1e9})
    return profile.model_copy(update={"hardware": hardware})


def runs_of(rows: pd.DataFrame) -> list[MeasuredRun]:
    """One run a board, data type and thread count."""
    runs = []
    for (board, dtype, threads), own in rows.groupby(["board", "dtype", "threads"], sort=True):
        first = own.iloc[0]
        profile = starting(board, first.runtime, first.clock_ghz)
        run = RunConfig(dtype, int(threads))
        names = [f"{row.network} {row.input:g}" for row in own.itertuples()]
        graphs = [graph(row.network, row.input) for row in own.itertuples()]
        runs.append(
            MeasuredRun(
                f"{board}, {dtype}, {threads} threads",
                profile,
                run,
                {name: lower_for(g, profile, run) for name, g in zip(names, graphs, strict=True)},
                dict(zip(names, own.latency_ms / 1e3, strict=True)),
            )
        )
    return runs


def solve(rows: pd.DataFrame) -> dict[str, Any]:
    """Rates of a runtime on a core, and every error with and without the network."""
    runs = runs_of(rows)
    kinds = {"int8" if run.run.dtype == "int8" else "floats" for run in runs}
    rates = (*(FLOATS if "floats" in kinds else ()), *(INTEGERS if "int8" in kinds else ()))
    constants = Constants(core=(*rates, *COMMON), board=())
    whole = fit(runs, constants.core, constants.board)
    left_out = leave_one_network_out(runs, constants, whole)
    return {
        "rates": {**whole.values(runs, 0)},
        "runs": [
            {
                "board": run.profile.name,
                "dtype": run.run.dtype,
                "threads": run.run.threads,
                "log_error_start": dict(zip(run.networks, run.log_errors().tolist(), strict=True)),
                "log_error_seen": whole.log_errors[index],
                "log_error_left_out": left_out[index],
            }
            for index, run in enumerate(runs)
        ],
    }


def results() -> dict[str, Any]:
    """What was found, by ``runtime core``."""
    return json.loads((RESULTS / "arm_runtimes.json").read_text())


def main(names: list[str]) -> None:
    """Solve and keep."""
    kept = results() if names else {}
    for name, rows in groups():
        if not names or name in names:
            print(name, file=sys.stderr)
            kept[name] = rounded(solve(rows))
    (RESULTS / "arm_runtimes.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
