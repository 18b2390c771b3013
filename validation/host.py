"""``calibrate --host`` on two machines, from their kept measurements: the fit, and networks it never saw.

``python -m validation.host`` fits again and prints every figure; ``--write`` keeps the onnxruntime profile of the first
as ``hwprofiles/epyc_zen4.yaml``.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from costsim.calibrate.errors import ErrorSummary
from costsim.calibrate.host.fit import HostFit, fit_host
from costsim.calibrate.host.judge import of_unseen_family
from costsim.calibrate.host.machine import Conditions, Machine
from costsim.calibrate.host.measure import noise_ratio
from costsim.calibrate.host.plan import calibration_plan
from costsim.devices import RunConfig
from costsim.files import write_text
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.network import Network
from costsim.simulate import simulate
from costsim.timing import Timing
from validation.arm_runs import profile_path
from validation.kept_networks import KeptNetworks

DATA = Path(__file__).parent / "data" / "host"
NETWORKS = KeptNetworks(DATA / "networks.zip")
"""Networks that were measured as ONNX files, by their names."""


@dataclass(frozen=True)
class Host:
    """A machine that was measured."""

    name: str
    machine: Machine
    date: str
    versions: Mapping[str, str]
    """Of the runtimes measured on it."""

    def timings(self, runtime: str, part: str) -> dict[str, Timing]:
        """Of the ``calibration`` or the ``judge`` part: network to what its visits took."""
        table = pd.read_csv(DATA / f"{self.name}_{runtime}.csv")
        rows = table[table.part == part]
        return {
            name: Timing(tuple(float(us) * 1e-6 for us in visits.split()))
            for name, visits in zip(rows.network, rows.visits_us, strict=True)
        }


ZEN4 = Host(
    "epyc_zen4",
    Machine("AMD EPYC (family 25, model 17)", 2, 16, 16, {1: 32 * 2**10, 2: 2**20, 3: 32 * 2**20}),
    "2026-11-22",
    {"onnxruntime": "1.31.1", "torch": "2.13.0"},
)
ZEN3 = Host(
    "epyc_zen3",
    Machine("AMD EPYC (family 25, model 1)", 2, 8, 16, {1: 32 * 2**10, 2: 512 * 2**10, 3: 32 * 2**20}),
    "2026-12-01",
    {"onnxruntime": "1.32.0"},
)
HOSTS = (ZEN4, ZEN3)


def is_of_file(name: str) -> bool:
    """Whether a network was measured as an ONNX file that is no network of the zoo."""
    with zipfile.ZipFile(NETWORKS.path) as kept:
        return f"{name}.json" in kept.namelist()


@cache
def graph_of(name: str) -> LayerGraph:
    """A network of the zoo, or one that was imported from ONNX and kept."""
    return NETWORKS.graph(name) if is_of_file(name) else Network(name).graph


def fitted(host: Host, runtime: str) -> HostFit:
    """The fit of ``calibrate --host``."""
    seen = host.timings(runtime, "calibration")
    plan = calibration_plan()
    conditions = Conditions(host.machine, runtime, host.versions[runtime], host.date)
    return fit_host(host.name, conditions, {network: plan[network]() for network in seen}, seen)


def log_errors(profile: Profile, measured: Mapping[str, Timing]) -> dict[str, float]:
    """log(predicted / measured) of each network."""
    run = RunConfig("fp32", 1)
    predicted = {name: float(simulate(graph_of(name), profile, run).costs.latency_s.sum()) for name in measured}
    return {name: float(np.log(predicted[name] / timing.latency_s)) for name, timing in measured.items()}


def straight_line_errors(host: Host, runtime: str, names: Sequence[str]) -> list[float]:
    """Of a line through the calibration's multiply-accumulates and times, fitted on relative errors: the null model."""
    plan, seen, judged = calibration_plan(), host.timings(runtime, "calibration"), host.timings(runtime, "judge")
    macs = np.array([float(plan[name]().total_macs) for name in seen])
    seconds = np.array([timing.latency_s for timing in seen.values()])
    columns = np.stack([np.ones_like(macs), macs], axis=1) / seconds[:, None]
    line = np.linalg.lstsq(columns, np.ones_like(seconds), rcond=None)[0]
    sizes = np.array([float(graph_of(name).total_macs) for name in names])
    measured = np.array([judged[name].latency_s for name in names])
    return np.log((line[0] + line[1] * sizes) / measured).tolist()


def report(host: Host, runtime: str, fit: HostFit, profile: Profile) -> list[str]:
    """The figures of one runtime, and every network."""
    judged = host.timings(runtime, "judge")
    errors = log_errors(profile, judged)
    unseen = [e for name, e in errors.items() if of_unseen_family(name)]
    outside = [e for name, e in errors.items() if is_of_file(name)]
    low, high = np.log(fit.low_ratio), np.log(fit.high_ratio)
    inside = np.mean([low <= -e <= high for e in errors.values()])
    lines = [
        f"{runtime} {host.versions[runtime]}, one thread, {host.machine.model}, {host.date}, a shared machine",
        f"calibration: {fit.left_out.count} chains and networks, mean error {fit.after.mean_ratio:.1%}, "
        f"left out {fit.left_out.mean_ratio:.1%}",
        _line("networks the fit never saw", list(errors.values())),
        _line("of families it has nothing of", unseen),
        _line("imported from ONNX files", outside),
        _line("null model, a line in MACs", straight_line_errors(host, runtime, list(errors))),
        f"in the 90 % interval ({fit.low_ratio:.2f} to {fit.high_ratio:.2f}): {inside:.0%}",
        f"noise floor: {noise_ratio(judged.values()):.1%} between visits, median network",
        "",
    ]
    return lines + [
        f"  {name:<24} {judged[name].latency_s * 1e3:8.2f} ms  {np.expm1(e):+.1%}" for name, e in errors.items()
    ]


def _line(what: str, errors: Sequence[float]) -> str:
    summary = ErrorSummary.of(errors)
    return (
        f"{what}: {summary.count}, mean error {summary.mean_ratio:.1%}, median {summary.median_ratio:.1%}, "
        f"within 10 % {summary.within_10_percent_ratio:.0%}"
    )


def main(arguments: Sequence[str]) -> None:
    """Fit, write if asked to, print."""
    for host in HOSTS:
        for runtime in host.versions:
            fit = fitted(host, runtime)
            if "--write" in arguments and (host, runtime) == (ZEN4, "onnxruntime"):
                write_text(profile_path(host.name), fit.text)
            print("\n".join(report(host, runtime, fit, _profile(fit))), end="\n\n")


def _profile(fit: HostFit) -> Profile:
    """The fitted profile, read as a user's would be."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "this_machine.yaml"
        path.write_text(fit.text)
        return load_profile(path)


if __name__ == "__main__":
    main(sys.argv[1:])
