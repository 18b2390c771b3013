"""NPUs against what their vendors publish, each network left out of the fit in turn, and whole devices.

``python -m validation.npu [PROFILE ...]`` prints, of each profile: the fitted constants, the error of its networks with
each left out, of the shipped profile, and of the null model ``a * MACs + b * bytes`` with each left out.
``--apply`` writes fit and card into the profiles.
Rows of a Hailo are images a second of a stream, all others latencies. Networks without a public definition
and those with two are not in the table; ``NOT_IN_TABLE`` counts them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from costsim.calibrate.constants import constants_of, known_to
from costsim.calibrate.crossvalidate import leave_one_network_out
from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.fit import Fit, fit
from costsim.calibrate.problem import MeasuredRun
from costsim.devices import RunConfig
from costsim.devices.accelerator.stream import HOST_WORK
from costsim.hardware import Profile, load_profile
from costsim.simulate import Simulation, lower_for, simulate
from costsim.tables.schema import Array
from validation.apply import calibration_block, write_fit
from validation.arm_runs import profile_path
from validation.npu_networks import ROWS, network_of

PROFILES = ("dpu_zcu102", "dpu_kv260", "rdk_x5", "rk3588_npu", "ax650n", "imx93_ethos_u65", "edge_tpu", "hailo8")

STREAMS = frozenset({"hailo8"})
"""Published as images a second back to back: neither the fill of the pipeline nor the host's work count."""

NOT_IN_TABLE = {
    "dpu_zcu102": 99,
    "dpu_kv260": 99,
    "rdk_x5": 71,
    "rk3588_npu": 24,
    "ax650n": 26,
    "imx93_ethos_u65": 13,
    "hailo8": 112,
}
"""Published rows of networks that are pruned, the vendor's own, or not in zoo, timm, pytorchcv or torchvision."""


@dataclass(frozen=True)
class StreamedRun(MeasuredRun):
    """Measured as seconds between images that follow each other."""

    def predict(self, columns: Mapping[str, np.ndarray]) -> Array:
        table, seconds = self._joined, self.costs(columns).without(("fill", *HOST_WORK))
        return table.networks.total(np.broadcast_to(seconds, (len(table), seconds.shape[1])) / table.n)


@cache
def measurements() -> pd.DataFrame:
    """A row a device, network, batch and count of cores."""
    return pd.read_csv(ROWS)


def runs(profile: Profile, part: str | None = None) -> list[MeasuredRun]:
    """What was measured on a device, a run for each count of cores and batch."""
    rows = measurements()
    rows = rows[(rows.profile == profile.name) & ((rows.part == part) if part else True)]
    kind = StreamedRun if profile.name in STREAMS else MeasuredRun
    found = []
    for (threads, batch), group in rows.groupby(["threads", "batch"]):
        config = RunConfig("int8", int(threads))
        tables = {
            row.network: lower_for(network_of(row.definition, row.input).with_batch(batch), profile, config)
            for row in group.itertuples()
        }
        measured = dict(zip(group.network, group.image_ms / 1e3, strict=True))
        found.append(kind(f"{threads} cores, batch {batch}", profile, config, tables, measured))
    return found


def measured_on(profile: Profile) -> Iterator[Simulation]:
    """Predictions of what a profile's card is of."""
    rows = measurements()
    for row in rows[rows.profile == profile.name].itertuples():
        graph = network_of(row.definition, row.input).with_batch(row.batch)
        yield simulate(graph, profile, RunConfig("int8", int(row.threads)))


def null_errors(measured: Sequence[MeasuredRun]) -> list[float]:
    """log(predicted / measured) by ``a * MACs + b * bytes``, both fitted without the network in question."""
    found = []
    for run in measured:
        terms = np.array([[run.tables[n].macs.sum(), run.tables[n].compulsory_bytes.sum()] for n in run.networks])
        ratio = terms / np.array([[run.measured_s[n]] for n in run.networks])
        for left_out in range(len(ratio)):
            kept = np.arange(len(ratio)) != left_out
            scale = ratio[kept].max(axis=0)
            rates, _ = nnls(ratio[kept] / scale, np.ones(int(kept.sum())))
            found.append(float(np.log(max(ratio[left_out] / scale @ rates, 1e-3))))
    return found


def solve(measured: Sequence[MeasuredRun]) -> tuple[Fit, list[dict[str, float]]]:
    """The fit on all networks, and log(predicted / measured) of each by a fit without it."""
    constants = known_to(constants_of("accelerator"), measured[0].profile)
    whole = fit(measured, constants.core, constants.board)
    return whole, leave_one_network_out(measured, constants, whole)


def half_on_half(profile: Profile) -> list[float]:
    """log(predicted / measured) of one half of the networks by a fit on the other alone, both ways."""
    constants = known_to(constants_of("accelerator"), profile)
    found: list[float] = []
    for seen, unseen in (("a", "b"), ("b", "a")):
        measured = runs(profile, seen)
        values = fit(measured, constants.core, constants.board).values(measured, 0)
        moved = {path: np.array([value]) for path, value in values.items()}
        for run in runs(profile, unseen):
            found += (np.log(run.predict(moved)[:, 0]) - run.log_measured).tolist()
    return found


def report(name: str) -> tuple[Fit, list[float], tuple[float, float]]:
    """Print the figures of a profile."""
    profile = load_profile(name)
    measured = runs(profile)
    whole, left_out = solve(measured)
    outside = [e for errors in left_out for e in errors.values()]
    shipped = np.concatenate([run.log_errors() for run in measured])
    interval = interval_ratios(outside)
    print(f"\n{name}: {len({n for run in measured for n in run.networks})} networks, {len(outside)} rows")
    print(" ", {path.split(".")[-1]: float(f"{v:.3g}") for path, v in whole.values(measured, 0).items()})
    print(f"  as shipped       {ErrorSummary.of(shipped)}")
    print(f"  network left out {ErrorSummary.of(outside)}; 90 % interval {interval[0]:.2f} to {interval[1]:.2f}")
    print(f"  half on half     {ErrorSummary.of(half_on_half(profile))}")
    print(f"  null model       {ErrorSummary.of(null_errors(measured))}")
    worst = sorted(((e, n) for errors in left_out for n, e in errors.items()), key=lambda pair: -abs(pair[0]))[:8]
    print("  furthest off    ", ", ".join(f"{n} {np.exp(e):.2f}" for e, n in worst))
    return whole, outside, interval


def other_board(fitted_on: str, judged_on: str) -> None:
    """A board by the constants fitted on another with the same core: clock and memory are the datasheet's."""
    source = load_profile(fitted_on)
    values = fit_values(source)
    target = load_profile(judged_on)
    moved = {path: np.array([value]) for path, value in values.items()}
    errors = [np.log(run.predict(moved)[:, 0]) - run.log_measured for run in runs(target)]
    print(f"{judged_on} from {fitted_on}: {ErrorSummary.of(np.concatenate(errors))}")


def fit_values(profile: Profile) -> dict[str, float]:
    """The constants fitted on all networks of a profile, in SI units."""
    measured = runs(profile)
    constants = known_to(constants_of("accelerator"), profile)
    return fit(measured, constants.core, constants.board).values(measured, 0)


def apply(name: str) -> None:
    """Print the figures of a profile and write fit and card into its file."""
    whole, left_out, interval = report(name)
    rows = measurements()
    rows = rows[rows.profile == name]
    networks = len(set(rows.network))
    data = f"{rows.source.iloc[0]}: {len(rows)} times of {networks} networks that have a public definition"
    constants = whole.values(runs(load_profile(name)), 0)
    note = f"{data}, mean {ErrorSummary.of(left_out).mean_ratio:.1%}; mechanisms were chosen on the same networks"
    card = calibration_block(data, np.array(left_out), interval) | {"error_of": "left out"}
    write_fit(profile_path(name), constants, note, card)


def main(arguments: list[str]) -> None:
    names = [argument for argument in arguments if not argument.startswith("--")]
    for name in names or PROFILES:
        apply(name) if "--apply" in arguments else report(name)
    if not names:
        other_board("dpu_kv260", "dpu_zcu102")
        other_board("dpu_zcu102", "dpu_kv260")


if __name__ == "__main__":
    main(sys.argv[1:])
