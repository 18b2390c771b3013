"""A100, V100 and Jetsons against published latencies: PyTorch eager by batch and data type, TensorRT.

``python -m validation.nvidia_gpus`` fits again what is taken from them and prints every figure: of eager PyTorch the
host's time a kernel and the share of the DRAM bandwidth of each board, all else being timm's; of TensorRT its rates on
the A100, and of them on the Orin Nano only what a kernel's launch takes and the share of its LPDDR5.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.fit import fit
from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.network import Network
from costsim.simulate import Simulation, lower_for, simulate
from validation.gpunet import gpunet

STEPS = 25

DATA = Path(__file__).parent / "data" / "nvidia_gpus.csv"

HOST = (Constant("fitted.dispatch", 1.0),)
BOARD = (Constant("fitted.dram_ratio", 0.1, high=1.0),)
ENGINE = (
    Constant("fitted.matrix_ratio", 0.3, high=1.0),
    Constant("fitted.step_ratio", 1.0, high=0.5),
    Constant("fitted.overlap", 0.3, low=1.0, high=10.0),
    Constant("fitted.ramp", 1.0),
)
KINDS = (Constant("fitted.depthwise_ratio", 0.7, high=1.0), Constant("fitted.grouped_ratio", 0.7, high=1.0))
OWN_ENGINE = (Constant("fitted.launch", 1.0), Constant("fitted.dram_ratio", 1.0, high=1.0))
"""What an engine built for another board does not share: its host and its memory."""

PRIOR = {
    "fitted.matrix_ratio": "0.8",
    "fitted.step_ratio": "0.05",
    "fitted.overlap": "2.5",
    "fitted.ramp": "3 us",
    "fitted.depthwise_ratio": "0.3",
    "fitted.grouped_ratio": "0.2",
    "fitted.launch": "8 us",
    "fitted.dram_ratio": "0.8",
}
"""Where fits start that know nothing of a board."""
OLDER_PRIOR = {**PRIOR, "fitted.matrix_ratio": "0.6", "fitted.depthwise_ratio": "0.2", "fitted.launch": "20 us"}


class EngineFit(NamedTuple):
    """Boards whose engines are fitted together."""

    boards: tuple[str, ...]
    shared: tuple[Constant, ...]
    own: tuple[Constant, ...]
    prior: Mapping[str, str] | None = None


ENGINE_FITS = (
    EngineFit(("a100",), (*ENGINE, Constant("fitted.launch", 0.7), *BOARD), ()),
    EngineFit(("jetson_orin_nano",), (), OWN_ENGINE),
    EngineFit(("jetson_agx_orin",), (), OWN_ENGINE, {"fitted.launch": "8 us", "fitted.dram_ratio": "0.8"}),
    EngineFit(("jetson_tx2", "jetson_nano_gpu"), (*ENGINE, *KINDS), OWN_ENGINE, OLDER_PRIOR),
)
"""The last are of generations without tensor cores: kernels of their own, and no Winograd among them."""


def runs(runtime: str, boards: Sequence[str], settings: Mapping[str, str] | None = None) -> list[MeasuredRun]:
    """A run a board, layout and data type; time is that of the throughput, which a first inference does not spoil."""
    rows = pd.read_csv(DATA, dtype={"side": "Int64"})
    rows = rows[(rows.runtime == runtime) & rows.board.isin(boards)]
    made = []
    for (board, layout, dtype), group in rows.groupby(["board", "layout", "dtype"]):
        profile = load_profile(board, {"layout": layout, **(settings or {})}, runtime=runtime)
        config = RunConfig.of(profile, str(dtype))
        names = [_name(row) for row in group.itertuples()]
        tables = {name: lower_for(_graph(name), profile, config) for name in names}
        seconds = dict(zip(names, (group.batch / group.images_per_s).tolist(), strict=True))
        made.append(MeasuredRun(f"{board} {dtype}", profile, config, tables, seconds))
    return made


def _name(row: Any) -> str:
    side = "" if pd.isna(row.side) else f" side {row.side}"
    return f"{row.network} batch {row.batch}{side}"


def _graph(name: str) -> LayerGraph:
    """As ``_name`` calls it."""
    network, _, batch, *side = name.split()
    if network.startswith("gpunet_"):
        return gpunet(network.removeprefix("gpunet_"))
    size = (3, int(side[1]), int(side[1])) if side else None
    return Network(network, batch=int(batch), input_size=size).graph


def _show(run: MeasuredRun, errors: Sequence[float]) -> None:
    print(f"  {run.name}: {ErrorSummary.of(list(errors))}")


def measured_on(profile: Profile) -> Iterator[Simulation]:
    """Predictions of what a board's card is of."""
    for run in runs(profile.runtime.name, (profile.name,)):
        for name in run.networks:
            yield simulate(_graph(name), profile, run.run)


def left_out(engines: Sequence[MeasuredRun], how: EngineFit) -> list[float]:
    """log(predicted / measured) of each network, on all boards, by constants that are fitted on the others."""
    errors = []
    network_of = {name: name.split()[0] for run in engines for name in run.networks}
    for network in dict.fromkeys(network_of.values()):
        fold = {name for name in network_of if network_of[name] == network}
        solved = fit(engines, how.shared, how.own, without=fold, max_steps=STEPS)
        errors += [error for of_run in solved.log_errors for name, error in of_run.items() if name in fold]
    return errors


def _engines(how: EngineFit) -> None:
    """Fit some boards' engines again and print what they are off by, in sample and with networks left out."""
    engines = runs("tensorrt", how.boards, how.prior)
    solved = fit(engines, how.shared, how.own, max_steps=STEPS)
    for index, (run, errors) in enumerate(zip(engines, solved.log_errors, strict=True)):
        print(run.name, "tensorrt", {path: f"{value:.3g}" for path, value in solved.values(engines, index).items()})
        _show(run, list(errors.values()))
    outside = left_out(engines, how)
    print(f"  networks left out: {ErrorSummary.of(outside)}")
    print("  90 % interval:", [round(ratio, 2) for ratio in interval_ratios(outside)])


def main(arguments: Sequence[str]) -> None:
    """Fit what is named, or all, and print what the shipped profiles are off by."""
    for board in ("a100", "v100"):
        if arguments and board not in arguments:
            continue
        eager = runs("pytorch_eager", (board,))
        solved = fit(eager, (*HOST, *BOARD), ())
        print(board, "pytorch_eager", {path: f"{value:.3g}" for path, value in solved.values(eager, 0).items()})
        for run, errors in zip(eager, solved.log_errors, strict=True):
            _show(run, list(errors.values()))
            _show(run, run.log_errors().tolist())
    for how in ENGINE_FITS:
        if not arguments or set(arguments) & set(how.boards):
            _engines(how)
            for run in runs("tensorrt", how.boards):
                print("as shipped:")
                _show(run, run.log_errors().tolist())
    if not arguments or "v100" in arguments:
        for run in runs("tensorrt", ("v100",)):
            print("GPUNet, never fitted:")
            _show(run, run.log_errors().tolist())


if __name__ == "__main__":
    main(sys.argv[1:])
