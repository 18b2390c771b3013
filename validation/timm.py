"""RTX 3090 and RTX 5090 in PyTorch, eager and compiled: fitted on timm's throughputs, held against families left out.

``python -m validation.timm`` fits again and prints every figure, beside the null model ``a * MACs + b * activations``
fitted on the same rows. Eager PyTorch is fitted on both boards together, compiled PyTorch on the one that has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import nnls
from scipy.stats import spearmanr

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.fit import Fit, fit
from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.devices import RunConfig
from costsim.hardware import Profile, load_profile
from costsim.simulate import Simulation, lower_for, simulate
from validation.timm_networks import ROWS, network

DTYPE = "fp16"
HOST_S = 25e-6
"""What a current host is believed to take for an operator: PyTorch issue 82793 has some 5 to 30 us."""
ROOM = {"hardware.memory.dram.size": "400 GB"}
"""A few networks were measured at a smaller batch than their graph has; throughput is the same at either."""


@dataclass(frozen=True)
class Setting:
    """How networks were run on a board."""

    board: str
    runtime: str
    layout: str

    @property
    def name(self) -> str:
        return f"{self.board} {self.runtime} {self.layout}"


EAGER = (Setting("rtx_3090", "pytorch_eager", "nchw"), Setting("rtx_5090", "pytorch_eager", "nchw"))
COMPILED = (Setting("rtx_5090", "pytorch_compiled", "nhwc"),)
CHANNELS_LAST = (Setting("rtx_3090", "pytorch_eager", "nhwc"),)
"""Never fitted: the rates of the other layout."""

CARDED = (*EAGER, *COMPILED)

SHARED = (
    Constant("fitted.matrix_ratio", 0.15, high=1.0),
    Constant("fitted.step_ratio", 0.7, high=0.5),
    Constant("fitted.overlap", 0.3, low=1.0, high=10.0),
    Constant("fitted.depthwise_ratio", 0.3, high=1.0),
    Constant("fitted.depthwise_lane_ratio", 0.7, high=1.0),
    Constant("fitted.generic_depthwise_lane_ratio", 0.7, high=1.0),
    Constant("fitted.grouped_ratio", 0.5, high=1.0),
    Constant("fitted.l2_kept_ratio", 0.5, high=1.0),
)
"""Of the runtime; batches this large say nothing of launch, ramp and dispatch."""

OWN = (Constant("fitted.dram_ratio", 0.1, high=1.0),)

PRIOR = {
    "fitted.matrix_ratio": "0.8",
    "fitted.step_ratio": "0.3",
    "fitted.overlap": "3",
    "fitted.depthwise_ratio": "0.65",
    "fitted.depthwise_lane_ratio": "0.14",
    "fitted.generic_depthwise_lane_ratio": "0.1",
    "fitted.grouped_ratio": "0.5",
    "fitted.l2_kept_ratio": "0.2",
    "fitted.dram_ratio": "0.9",
}


def measurements(setting: Setting) -> pd.DataFrame:
    """A row a network; ``part`` says whether a fit may see its family, ``step_s`` is of the batch of its graph."""
    rows = pd.read_csv(ROWS)
    rows = rows[(rows.board == setting.board) & (rows.runtime == setting.runtime) & (rows.layout == setting.layout)]
    return rows.assign(step_s=rows.graph_batch / rows.images_per_s)


def measured_on(profile: Profile) -> Iterator[Simulation]:
    """Predictions of what a board's card is of."""
    runtime = profile.runtime.name
    setting = next(s for s in CARDED if (s.board, s.runtime) == (profile.name, runtime))
    roomy = load_profile(profile.name, ROOM, runtime=runtime)
    for name in measurements(setting).network:
        yield simulate(network(name), roomy, RunConfig(DTYPE, 1))


def run(setting: Setting, prior: dict[str, str] | None = None) -> MeasuredRun:
    """All networks of one setting: at the priors, or with what the profile says if ``prior`` is empty."""
    rows, config = measurements(setting), RunConfig(DTYPE, 1)
    settings = {**(PRIOR if prior is None else prior), **ROOM, "layout": setting.layout}
    profile = load_profile(setting.board, settings, runtime=setting.runtime)
    tables = {name: lower_for(network(name), profile, config) for name in rows.network}
    return MeasuredRun(setting.name, profile, config, tables, dict(zip(rows.network, rows.step_s, strict=True)))


def left_out(settings: Sequence[Setting]) -> set[str]:
    """Networks of the families the fit has not seen."""
    rows = pd.concat([measurements(setting) for setting in settings])
    return set(rows.network[rows.part == "left out"])


def solve(runs: Sequence[MeasuredRun], unseen: set[str]) -> Fit:
    """The fit on the families it may see."""
    return fit(runs, SHARED, OWN, without=unseen, max_steps=25)


def null_errors(setting: Setting) -> dict[str, float]:
    """log(predicted / measured) of the left-out networks by ``a * MACs + b * activations``, a and b of the others."""
    rows = measurements(setting)
    terms = rows[["gmacs", "mega_activations"]].to_numpy() * rows.graph_batch.to_numpy()[:, None]
    ratio, seen = terms / rows.step_s.to_numpy()[:, None], (rows.part == "fitted").to_numpy()
    rates, _ = nnls(ratio[seen], np.ones(int(seen.sum())))
    return dict(zip(rows.network[~seen], np.log(ratio[~seen] @ rates).tolist(), strict=True))


def rank(setting: Setting, errors: dict[str, float]) -> float:
    """Spearman's rank correlation of predicted and measured throughput, over the networks named."""
    rows = measurements(setting).set_index("network").loc[list(errors)]
    return float(spearmanr(rows.images_per_s / np.exp(list(errors.values())), rows.images_per_s)[0])


def show(setting: Setting, errors: dict[str, float], unseen: set[str]) -> None:
    """Print what a set of predictions is off by, on families seen and left out."""
    outside = {name: error for name, error in errors.items() if name in unseen}
    print(setting.name)
    print(f"  fitted:     {ErrorSummary.of([e for n, e in errors.items() if n not in unseen])}")
    print(f"  left out:   {ErrorSummary.of(list(outside.values()))}, rank {rank(setting, outside):.3f}")
    print(f"  null model: {ErrorSummary.of(list(null_errors(setting).values()))}")
    print("  90 % interval:", [round(r, 2) for r in interval_ratios(list(outside.values()))])
    for name, error in sorted(outside.items(), key=lambda item: -abs(item[1]))[:8]:
        print(f"    {name:40s} {error:+.2f} log")


def fitted(settings: Sequence[Setting]) -> None:
    """Fit some settings together and print constants and errors."""
    runs, unseen = [run(setting) for setting in settings], left_out(settings)
    solved = solve(runs, unseen)
    for index, (setting, errors) in enumerate(zip(settings, solved.log_errors, strict=True)):
        print({k.split(".")[1]: float(f"{v:.3g}") for k, v in solved.values(runs, index).items()})
        show(setting, errors, unseen)


def another_card() -> None:
    """Each board in eager PyTorch by constants of the other one: what a board from its datasheet gets."""
    for seen, other in (EAGER, EAGER[::-1]):
        runs = [run(seen), run(other)]
        values = fit(runs[:1], SHARED, OWN, max_steps=25).values(runs, 0)
        predicted = runs[1].predict({path: np.array([value]) for path, value in values.items()})[:, 0]
        errors = np.log(predicted) - runs[1].log_measured
        print(f"{other.name} by constants of {seen.board}: {ErrorSummary.of(errors.tolist())}")
        print("  90 % interval:", [round(r, 2) for r in interval_ratios(errors.tolist())])


def main() -> None:
    fitted(EAGER)
    fitted(COMPILED)
    for setting in CHANNELS_LAST:
        errors = run(setting, {})
        show(setting, dict(zip(errors.networks, errors.log_errors().tolist(), strict=True)), left_out([setting]))
    another_card()


if __name__ == "__main__":
    main()
