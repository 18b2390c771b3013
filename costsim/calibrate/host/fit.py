"""From measurements of a machine to the constants of its profile."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from costsim.calibrate.constants import Constants, blocked_constants
from costsim.calibrate.crossvalidate import leave_one_network_out
from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.fit import fit
from costsim.calibrate.host.machine import Conditions, Machine
from costsim.calibrate.host.measure import noise_ratio
from costsim.calibrate.host.profile_text import calibrated_text, machine_text
from costsim.calibrate.problem import MeasuredRun
from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import load_profile
from costsim.simulate import lower_for
from costsim.timing import Timing
from costsim.units import counted

BUSY_RATIO = 0.95
"""Share of peak arithmetic that the busiest chain of pointwise convolutions is taken to reach: that tells the clock."""

STREAMED = "linear_4096"
"""Its weights fit no cache: its time tells the bandwidth one core draws."""


@dataclass(frozen=True)
class HostFit:
    """A profile and what the fit did."""

    text: str
    """The profile as its file holds it."""
    before: ErrorSummary
    """Of the base profile with this machine's hardware."""
    after: ErrorSummary
    left_out: ErrorSummary
    """Of every network by a fit that has not seen it."""
    low_ratio: float
    high_ratio: float
    noise_ratio: float
    """How far the machine swings between visits."""
    run: MeasuredRun
    """What was measured."""


def fit_host(
    name: str,
    conditions: Conditions,
    graphs: Mapping[str, LayerGraph],
    timings: Mapping[str, Timing],
    progress: Callable[[str], None] = lambda network: None,
) -> HostFit:
    """Fit the base profile of the runtime, with this machine's hardware, to what was measured.

    ``progress`` is told each network before the fit without it.
    """
    measured_s = {network: timing.latency_s for network, timing in timings.items()}
    clock_hz = _clock_hz(conditions.machine, graphs, measured_s)
    bandwidth = 4 * graphs[STREAMED].total_params / measured_s[STREAMED]
    hardware = machine_text(name, conditions, clock_hz, bandwidth)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yaml"
        path.write_text(hardware)
        base = load_profile(path)
    config = RunConfig.of(base, "fp32", conditions.threads)
    tables = {network: lower_for(graph, base, config) for network, graph in graphs.items()}
    run = MeasuredRun(counted(conditions.threads, "thread"), base, config, tables, measured_s)
    constants = blocked_constants(base)
    whole = fit([run], constants, [])
    errors = leave_one_network_out([run], Constants(constants, ()), whole, progress=progress)[0]
    left_out = ErrorSummary.of(list(errors.values()))
    low, high = interval_ratios(list(errors.values()))
    noise = noise_ratio(timings.values())
    text = calibrated_text(hardware, base, conditions, whole.values([run], 0), left_out, (low, high), noise)
    return HostFit(
        text=text,
        before=ErrorSummary.of(run.log_errors()),
        after=ErrorSummary.of(list(whole.log_errors[0].values())),
        left_out=left_out,
        low_ratio=low,
        high_ratio=high,
        noise_ratio=noise,
        run=run,
    )


def _clock_hz(machine: Machine, graphs: Mapping[str, LayerGraph], measured_s: Mapping[str, float]) -> float:
    pointwise = [name for name in measured_s if name.startswith("conv_1x1")]  # no border whose taps are skipped
    busiest = max(graphs[name].total_macs / measured_s[name] for name in pointwise)
    return float(busiest / (BUSY_RATIO * machine.macs_per_cycle))
