"""ncnn in int8 on ARM: rates of the int8 kernels of each core, those of floats being known.

``python -m validation.arm_int8`` fits every group of boards that share kernels, leaves every network out once and
keeps the outcome in ``validation/results``; ``python -m validation.arm_int8_report`` writes it into the profiles.
The constants of floats stay as they are: this fit moves ``fitted.int8`` alone.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from costsim.calibrate.constants import INT8
from costsim.calibrate.crossvalidate import leave_one_network_out
from costsim.calibrate.fit import fit
from costsim.calibrate.problem import MeasuredRun
from costsim.devices import RunConfig
from costsim.devices.cpu.profile import Int8Fitted
from costsim.hardware import load_profile
from costsim.simulate import lower_for
from costsim.tables.optable import OpTable
from validation.arm import RESULTS, rounded
from validation.arm_runs import DATA, core_of, network, profile_path, start_of_the_fit


@dataclass(frozen=True)
class Group:
    """Boards whose int8 kernels are the same: the same core, the same generation of ncnn."""

    title: str
    cores: tuple[str, ...] = ()
    """Endings of the ``_cortex_*`` files that hold the rates: all boards of theirs that no other group names."""
    boards: tuple[str, ...] = ()
    """Or the boards that hold them themselves."""


GROUPS = {
    "a53": Group("Cortex-A53", ("a53",)),
    "a57": Group("Cortex-A57", ("a57",)),
    "a72": Group("Cortex-A72", ("a72", "a73")),
    "a55": Group("Cortex-A55, kernels since 2023-10", ("a55",)),
    "a76": Group("Cortex-A76, kernels since 2023-10", ("a76", "a78")),
    "a73_2020": Group("Cortex-A73, ncnn of 2020", boards=("kirin_970", "snapdragon_660", "snapdragon_835")),
    "a55_2021": Group("Cortex-A55, ncnn of 2021", boards=("station_p2",)),
    "a55_2022": Group(
        "Cortex-A55, kernels before 2023-10",
        boards=("avaota_t527", "rk3568", "station_m2", "orange_pi_5_little"),
    ),
    "a76_2022": Group("Cortex-A76 and A78, kernels before 2023-10", boards=("jetson_agx_orin_cpu", "orange_pi_5_big")),
    "a55_no_dot": Group("Cortex-A55 without dot products", boards=("rk3588_little",)),
    "a76_no_dot": Group("Cortex-A76 without dot products", boards=("rk3588_big",)),
}
"""ncnn rewrote its int8 products on 2023-10-22 (#5087); builds without ARMv8.2 have no dot products."""


@cache
def measurements() -> pd.DataFrame:
    """Every int8 latency that is kept here."""
    return pd.read_csv(DATA / "measurements_int8.csv")


@cache
def ops_of(name: str) -> OpTable:
    """The ops ncnn executes for a network in int8; which tensors are int8 is the device's to say."""
    return lower_for(network(name), load_profile("rpi3b_plus"), RunConfig("int8"))


def boards_of(group: Group) -> tuple[str, ...]:
    """The measured boards of a group."""
    named = {board for other in GROUPS.values() for board in other.boards}
    measured = measurements().board.unique().tolist()
    return tuple(b for b in measured if b in group.boards or (b not in named and core_of(b) in group.cores))


def runs_of(group: Group) -> list[MeasuredRun]:
    """All measured int8 runs of a group, on the profiles as shipped but for the rates of int8, which start anew."""
    rows = measurements()
    rows = rows[rows.board.isin(boards_of(group))]
    return [_run(board, run) for (board, _), run in rows.groupby(["board", "run"], sort=False)]


def _run(board: str, rows: pd.DataFrame) -> MeasuredRun:
    profile = load_profile(profile_path(board))
    fitted = profile.fitted.model_copy(update={"int8": start()})
    run = RunConfig("int8", int(rows.threads.iloc[0]))
    return MeasuredRun(
        name=f"{board}, {run.threads} threads",
        profile=profile.model_copy(update={"fitted": fitted}),
        run=run,
        tables={name: ops_of(name) for name in rows.network},
        measured_s=dict(zip(rows.network, rows.latency_ms / 1e3, strict=True)),
    )


def start() -> Int8Fitted:
    """The rates every fit starts from and is held to: those of the runtime's own file."""
    rates = start_of_the_fit().int8
    assert rates is not None  # ncnn runs int8
    return rates


def solve(group: Group) -> dict[str, Any]:
    """Rates of a group, and every error with and without the network."""
    runs = runs_of(group)
    whole = fit(runs, INT8.core, INT8.board)
    left_out = leave_one_network_out(runs, INT8, whole)
    return {
        "rates": {path.split(".")[-1]: value for path, value in whole.values(runs, 0).items()},
        "runs": [
            {
                "board": run.profile.name,
                "threads": run.run.threads,
                "log_error_seen": whole.log_errors[index],
                "log_error_left_out": left_out[index],
            }
            for index, run in enumerate(runs)
        ],
    }


def results() -> dict[str, Any]:
    """What was found, by group."""
    return json.loads((RESULTS / "arm_int8.json").read_text())


def main(names: list[str]) -> None:
    """Solve and keep."""
    kept = results() if names else {}
    for name in names or GROUPS:
        print(name, file=sys.stderr)
        kept[name] = rounded(solve(GROUPS[name]))
    (RESULTS / "arm_int8.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
