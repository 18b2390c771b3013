"""RTX 3090 and RTX 5090 in eager PyTorch: fitted on timm's large-batch throughput, held against families left out.

``python -m validation.timm`` fits again and prints every figure, beside the null model ``a * MACs + b * activations``
fitted on the same rows. Reading the networks through pytorchcv takes some two minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.fit import Fit, fit
from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.network import Network
from costsim.simulate import Simulation, lower_for, simulate

DATA = Path(__file__).parent / "data" / "timm_eager.csv"
BOARDS = ("rtx_3090", "rtx_5090")
RUNTIME = "pytorch_eager"
DTYPE = "fp16"

SHARED = (
    Constant("fitted.matrix_ratio", 0.15, high=1.0),
    Constant("fitted.step_cycles", 0.5),
    Constant("fitted.overlap", 0.3, low=1.0, high=10.0),
    Constant("fitted.depthwise_ratio", 0.3, high=1.0),
    Constant("fitted.grouped_ratio", 0.5, high=1.0),
    Constant("fitted.l2_kept_ratio", 0.5, high=1.0),
)
"""Of the runtime; batches this large say nothing of launch, ramp and dispatch."""

OWN = (Constant("fitted.dram_ratio", 0.1, high=1.0),)

PRIOR = {
    "fitted.matrix_ratio": "0.7",
    "fitted.step_cycles": "60",
    "fitted.overlap": "3",
    "fitted.depthwise_ratio": "0.5",
    "fitted.grouped_ratio": "0.3",
    "fitted.l2_kept_ratio": "0.25",
    "fitted.dram_ratio": "0.85",
}


def measurements() -> pd.DataFrame:
    """A row a board and network, with pytorchcv's module and function of it; ``part`` says what the fit may see."""
    return pd.read_csv(DATA)


@cache
def network(module: str, function: str, side: int) -> LayerGraph:
    """A network of pytorchcv at batch 1."""
    make = getattr(import_module(f"pytorchcv.models.{module}"), function)
    return Network(make(in_size=(side, side)).eval(), input_size=(3, side, side)).graph


def _graphs(rows: pd.DataFrame) -> Iterator[tuple[str, LayerGraph]]:
    for name, module, function, side, batch in zip(
        rows.network, rows.module, rows.function, rows.side, rows.batch, strict=True
    ):
        yield name, network(module, function, side).with_batch(batch)


def measured_on(profile: Profile) -> Iterator[Simulation]:
    """Predictions of what a board's card is of."""
    rows = measurements()
    for _, graph in _graphs(rows[rows.profile == profile.name]):
        yield simulate(graph, profile, RunConfig(DTYPE, 1))


def run(board: str) -> MeasuredRun:
    """All networks of one board, at the priors."""
    rows = measurements()
    rows = rows[rows.profile == board]
    profile, config = load_profile(board, PRIOR, runtime=RUNTIME), RunConfig(DTYPE, 1)
    tables = {name: lower_for(graph, profile, config) for name, graph in _graphs(rows)}
    return MeasuredRun(board, profile, config, tables, dict(zip(rows.network, rows.step_ms / 1e3, strict=True)))


def left_out() -> list[str]:
    """Networks of the families the fit has not seen."""
    rows = measurements()
    return sorted(set(rows.network[rows.part == "left out"]))


def solve(runs: Sequence[MeasuredRun]) -> Fit:
    """The fit on the families it may see."""
    return fit(runs, SHARED, OWN, without=left_out())


def null_errors(board: str) -> dict[str, float]:
    """log(predicted / measured) of the left-out networks by ``a * MACs + b * activations``, a and b of the others."""
    rows = measurements()
    rows = rows[rows.profile == board]
    terms = rows[["gmacs", "mega_activations"]].to_numpy() * rows.batch.to_numpy()[:, None]
    ratio, seen = terms / rows.step_ms.to_numpy()[:, None], (rows.part == "fitted").to_numpy()
    rates, _ = nnls(ratio[seen], np.ones(int(seen.sum())))
    return dict(zip(rows.network[~seen], np.log(ratio[~seen] @ rates).tolist(), strict=True))


def main() -> None:
    runs, unseen = [run(board) for board in BOARDS], left_out()
    solved = solve(runs)
    for index, (board, errors) in enumerate(zip(BOARDS, solved.log_errors, strict=True)):
        print(board, {k.split(".")[1]: float(f"{v:.3g}") for k, v in solved.values(runs, index).items()})
        print(f"  fitted:     {ErrorSummary.of([e for n, e in errors.items() if n not in unseen])}")
        outside = [e for n, e in errors.items() if n in unseen]
        print(f"  left out:   {ErrorSummary.of(outside)}")
        print(f"  null model: {ErrorSummary.of(list(null_errors(board).values()))}")
        print("  90 % interval:", [round(r, 2) for r in interval_ratios(outside)])


if __name__ == "__main__":
    main()
