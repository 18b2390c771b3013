"""What predictions can be held against: a file, the paper's tables, a runtime on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from costsim.calibrate.host.judge import judge, of_unseen_family
from costsim.calibrate.host.measure import Progress, silent
from costsim.calibrate.host.plan import JUDGES
from costsim.calibrate.host.runtimes import RUNTIMES
from costsim.calibrate.measurements import read_measurements
from costsim.calibrate.paper import paper_rows
from costsim.calibrate.validate import Validation, case, case_of
from costsim.devices import RunConfig
from costsim.errors import InputError
from costsim.hardware import Profile
from costsim.network import distinct_names
from costsim.simulate import run_of

QUICK_NETWORKS = ("alexnet", "mobilenet_v2_1x", "resnet18", "shufflenet_v2_1x", "squeezenet_1_1")
"""Small enough to be timed in a minute, unlike each other: what is run beside profiles of other devices."""


def validate_against(
    source: str,
    profile: Profile,
    dtype: str | None = None,
    networks: Sequence[str] = (),
    input_size: str | None = None,
    measurements: Path | None = None,
    progress: Progress = silent,
) -> Validation:
    """Predictions beside ``paper``, a runtime on this machine or the measurements in a file.

    ``networks`` and ``input_size`` say what a runtime is to run, ``measurements`` where it keeps them to go on
    from; the other sources bring their own.

    Raises:
        InputError: an unreadable file, an unknown network, or the runtime is not installed.
    """
    if source in RUNTIMES:
        return _against_runtime(source, profile, dtype, networks, input_size, measurements, progress)
    if networks or input_size or measurements:
        raise InputError(
            "it brings its own networks and inputs",
            where=f"--against {source}",
            mend="name networks, --input-size and --measurements with --against torch or onnxruntime only",
        )
    if source == "paper":
        rows = paper_rows(profile.family)
        cases = [case_of(r.name, r.simulate(profile, dtype), r.latency_s) for r in rows]
    else:
        measured = [(m, m.graph()) for m in read_measurements(source)]
        cases = [
            case(m.name, graph, profile, run_of(graph, profile, dtype, m.threads), m.latency_s) for m, graph in measured
        ]
    return Validation(profile, RunConfig.of(profile, dtype).dtype, source, tuple(cases))


def _against_runtime(
    name: str,
    profile: Profile,
    dtype: str | None,
    networks: Sequence[str],
    input_size: str | None,
    measurements: Path | None,
    progress: Progress,
) -> Validation:
    from costsim.calibrate.host.runtimes import runtime_named

    if dtype is None and "fp32" in profile.runtime.dtypes:
        dtype = "fp32"  # what it computes in
    run = RunConfig.of(profile, dtype, 1 if profile.max_threads > 1 else None)
    is_own = profile.runtime.name == name
    names = tuple(networks) or (JUDGES if is_own else QUICK_NETWORKS)
    timed = judge(runtime_named(name), names, input_size=input_size, journal_path=measurements, progress=progress)
    labels = dict(zip(names, distinct_names(names, [timed.graphs[n] for n in names]), strict=True))
    cases = [case(labels[n], timed.graphs[n], profile, run, timed.timings[n].latency_s) for n in names]
    worst = max(timing.noise_ratio for timing in timed.timings.values())
    return Validation(
        profile,
        run.dtype,
        f"{timed.where}, noise up to {worst:.0%}",
        tuple(cases),
        noise_ratio=timed.noise_ratio,
        unseen=frozenset(labels[n] for n in names if of_unseen_family(n)) if is_own else frozenset(),
    )
