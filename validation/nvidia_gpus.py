"""A100, V100 and Jetsons against published latencies: PyTorch eager by batch and data type, TensorRT.

``python -m validation.nvidia_gpus`` fits again what is taken from them and prints every figure: of eager PyTorch the
host's time a kernel and the share of the DRAM bandwidth of each board, all else being timm's; of TensorRT its rates on
the A100, and of them on the Orin Nano only what a kernel's launch takes and the share of its LPDDR5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.fit import fit
from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.devices import RunConfig
from costsim.hardware import Profile, load_profile
from costsim.network import Network
from costsim.simulate import Simulation, lower_for, simulate

DATA = Path(__file__).parent / "data" / "nvidia_gpus.csv"

HOST = (Constant("fitted.dispatch", 1.0),)
BOARD = (Constant("fitted.dram_ratio", 0.1, high=1.0),)
ENGINE = (
    Constant("fitted.matrix_ratio", 0.3, high=1.0),
    Constant("fitted.step_ratio", 1.0, high=0.5),
    Constant("fitted.overlap", 0.3, low=1.0, high=10.0),
    Constant("fitted.launch", 0.7),
    Constant("fitted.ramp", 1.0),
)
OWN_ENGINE = (Constant("fitted.launch", 1.0), Constant("fitted.dram_ratio", 1.0, high=1.0))
"""What an engine built for another board does not share: its host and its memory."""

ENGINES, OWN, OLDER = "a100", "jetson_orin_nano", ("jetson_tx2", "jetson_nano_gpu")
"""Boards whose rates are the runtime's, that have constants of their own, and that are of generations without tensor
cores and never fitted."""


def runs(runtime: str, boards: Sequence[str]) -> list[MeasuredRun]:
    """A run a board, layout and data type; time is that of the throughput, which a first inference does not spoil."""
    rows = pd.read_csv(DATA)
    rows = rows[(rows.runtime == runtime) & rows.board.isin(boards)]
    made = []
    for (board, layout, dtype), group in rows.groupby(["board", "layout", "dtype"]):
        profile = load_profile(board, {"layout": layout}, runtime=runtime)
        config = RunConfig.of(profile, dtype)
        names = [f"{network} batch {batch}" for network, batch in zip(group.network, group.batch, strict=True)]
        tables = {
            name: lower_for(Network(network, batch=int(batch)).graph, profile, config)
            for name, network, batch in zip(names, group.network, group.batch, strict=True)
        }
        seconds = dict(zip(names, (group.batch / group.images_per_s).tolist(), strict=True))
        made.append(MeasuredRun(f"{board} {dtype}", profile, config, tables, seconds))
    return made


def _show(run: MeasuredRun, errors: Sequence[float]) -> None:
    print(f"  {run.name}: {ErrorSummary.of(list(errors))}")


def measured_on(profile: Profile) -> Iterator[Simulation]:
    """Predictions of what a board's card is of."""
    for run in runs(profile.runtime.name, (profile.name,)):
        for name in run.networks:
            network, batch = name.split(" batch ")
            yield simulate(Network(network, batch=int(batch)).graph, profile, run.run)


def left_out(engines: Sequence[MeasuredRun]) -> list[float]:
    """log(predicted / measured) of each network by constants of the board that are fitted on the others."""
    errors = []
    for network in sorted({name for run in engines for name in run.networks}):
        solved = fit(engines, OWN_ENGINE, (), without={network})
        errors += [of_run[network] for of_run in solved.log_errors if network in of_run]
    return errors


def main() -> None:
    for board in ("a100", "v100"):
        eager = runs("pytorch_eager", (board,))
        solved = fit(eager, (*HOST, *BOARD), ())
        print(board, "pytorch_eager", {path: f"{value:.3g}" for path, value in solved.values(eager, 0).items()})
        for run, errors in zip(eager, solved.log_errors, strict=True):
            _show(run, list(errors.values()))
            _show(run, run.log_errors().tolist())
    for board, constants in ((ENGINES, (*ENGINE, *BOARD)), (OWN, OWN_ENGINE)):
        engines = runs("tensorrt", (board,))
        solved = fit(engines, constants, (), max_steps=25)
        print(board, "tensorrt", {path: f"{value:.3g}" for path, value in solved.values(engines, 0).items()})
        for run, errors in zip(engines, solved.log_errors, strict=True):
            _show(run, list(errors.values()))
    errors = left_out(runs("tensorrt", (OWN,)))
    print(f"{OWN}, networks left out: {ErrorSummary.of(errors)}")
    print("  90 % interval:", [round(ratio, 2) for ratio in interval_ratios(errors)])
    for run in runs("tensorrt", (ENGINES, OWN, *OLDER)):
        print("as shipped:")
        _show(run, run.log_errors().tolist())


if __name__ == "__main__":
    main()
