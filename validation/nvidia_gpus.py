"""A100, V100 and Jetsons against published latencies: PyTorch eager by batch and data type, TensorRT.

``python -m validation.nvidia_gpus`` fits again what is taken from them and prints every figure: of eager PyTorch the
host's time a kernel and the share of the DRAM bandwidth of each board, all else being timm's; of TensorRT its rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from costsim.calibrate.errors import ErrorSummary
from costsim.calibrate.fit import fit
from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.simulate import lower_for

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
FITTED_ENGINES = ("a100", "jetson_orin_nano")
OLDER_ENGINES = ("jetson_tx2", "jetson_nano_gpu")
"""Of generations without tensor cores: never fitted."""


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


def main() -> None:
    for board in ("a100", "v100"):
        eager = runs("pytorch_eager", (board,))
        solved = fit(eager, (*HOST, *BOARD), ())
        print(board, "pytorch_eager", {path: f"{value:.3g}" for path, value in solved.values(eager, 0).items()})
        for run, errors in zip(eager, solved.log_errors, strict=True):
            _show(run, list(errors.values()))
            _show(run, run.log_errors().tolist())
    engines = runs("tensorrt", FITTED_ENGINES)
    solved = fit(engines, ENGINE, (Constant("fitted.dram_ratio", 0.3, high=1.0),), max_steps=25)
    print("tensorrt", {path: f"{value:.3g}" for path, value in solved.values(engines, 0).items()})
    for run, errors in zip(engines, solved.log_errors, strict=True):
        _show(run, list(errors.values()))
    for run in runs("tensorrt", (*FITTED_ENGINES, *OLDER_ENGINES)):
        print("as shipped:")
        _show(run, run.log_errors().tolist())


if __name__ == "__main__":
    main()
