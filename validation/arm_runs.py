"""The ncnn benchmark on ARM boards: measurements, networks and the profiles of the boards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
from ruamel.yaml import YAML

from costsim.calibrate.problem import MeasuredRun
from costsim.devices import RunConfig
from costsim.devices.cpu.profile import CpuFitted
from costsim.graph import LayerGraph
from costsim.hardware import load_profile
from costsim.importers.ncnn import load_ncnn
from costsim.simulate import lower_for, simulate
from costsim.tables.optable import OpTable

HERE = Path(__file__).parent
DATA = HERE / "data" / "ncnn"
PROFILES = HERE.parent / "hwprofiles"

INPUT_SIZES = {"FastestDet": (3, 352, 352), "vision_transformer": (3, 384, 384)}
"""Of files that leave it open."""

NOT_CONVOLUTIONAL = ("vision_transformer",)
"""Attention is priced as plain matrix products; costsim is made for convolutional networks."""


@dataclass(frozen=True)
class CoreType:
    """Boards that share their constants: the same core, the same data type."""

    title: str
    endings: tuple[str, ...]
    """Of their ``_cortex_*`` files."""
    dtype: str
    shared: bool = True
    """Whether the constants are those of the core file; the board's own otherwise."""


CORES = {
    "a53": CoreType("Cortex-A53", ("a53",), "fp32"),
    "a57": CoreType("Cortex-A57", ("a57",), "fp32"),
    "a72": CoreType("Cortex-A72 and A73", ("a72", "a73"), "fp32"),
    "a55": CoreType("Cortex-A55", ("a55",), "fp16"),
    "a76": CoreType("Cortex-A76 and A78", ("a76", "a78"), "fp16"),
    "a55_fp32": CoreType("Cortex-A55 without fp16", ("a55",), "fp32", shared=False),
    "a76_fp32": CoreType("Cortex-A76 without fp16", ("a76",), "fp32", shared=False),
}


def profile_path(board: str) -> Path:
    """The shipped profile of a measured board."""
    return PROFILES / f"{board}.yaml"


@cache
def all_measurements() -> pd.DataFrame:
    """Every latency of the benchmark that is kept here."""
    return pd.read_csv(DATA / "measurements.csv")


@cache
def measurements() -> pd.DataFrame:
    """Those the fits take."""
    table = all_measurements()
    return table[~table.network.isin(NOT_CONVOLUTIONAL)]


@cache
def network(name: str) -> LayerGraph:
    return load_ncnn(DATA / "param" / f"{name}.param", input_size=INPUT_SIZES.get(name))


def core_of(board: str) -> str:
    """The ending of the core file a board extends."""
    line = next(line for line in profile_path(board).read_text().splitlines() if line.startswith("extends:"))
    return line.removeprefix("extends: _cortex_")


def runs_of(core: CoreType) -> list[MeasuredRun]:
    """All measured runs on boards of this type."""
    table = measurements()
    return [
        _run(board, int(number), rows)
        for (board, number), rows in table[table.dtype == core.dtype].groupby(["board", "run"], sort=False)
        if core_of(board) in core.endings
    ]


@cache
def start_of_the_fit() -> CpuFitted:
    """The constants every fit starts from and is held to: those of the runtime's own file."""
    tree = YAML(typ="safe").load((PROFILES / "_ncnn.yaml").read_text())["fitted"]
    return CpuFitted(**{key: value for key, value in tree.items() if key not in ("source", "hardware", "runtime")})


def _run(board: str, number: int, rows: pd.DataFrame) -> MeasuredRun:
    profile = load_profile(profile_path(board)).model_copy(update={"fitted": start_of_the_fit()})
    run = RunConfig(rows.dtype.iloc[0], int(rows.threads.iloc[0]))
    return MeasuredRun(
        name=f"{board}, {run.threads} thread{'s' * (run.threads > 1)}",
        profile=profile,
        run=run,
        tables={name: ops_of(name, run.dtype) for name in rows.network},
        measured_s=dict(zip(rows.network, rows.latency_ms / 1e3, strict=True)),
    )


def predicted_s(name: str, board: str, threads: int) -> float:
    """A benchmark network on a board as its profile predicts it."""
    profile = load_profile(profile_path(board))
    run = RunConfig(profile.runtime.dtypes[0], threads)
    return float(simulate(network(name), profile, run).costs.latency_s.sum())


@cache
def ops_of(name: str, dtype: str) -> OpTable:
    """The ops ncnn executes for a network, the same on every board."""
    return lower_for(network(name), load_profile("rpi3b_plus"), RunConfig(dtype))
