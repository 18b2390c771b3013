"""What predictions can be held against: a file, the paper's tables, torch on this machine."""

from __future__ import annotations

from collections.abc import Sequence

from costsim.calibrate.measurements import read_measurements
from costsim.calibrate.paper import paper_rows
from costsim.calibrate.validate import Validation, case
from costsim.devices import RunConfig
from costsim.errors import InputError
from costsim.hardware import Profile
from costsim.network import Network

TORCH_NETWORKS = ("alexnet", "mobilenet_v2_1x", "resnet18", "shufflenet_v2_1x", "squeezenet_1_1")
"""Small enough to be timed in a minute, unlike each other."""


def validate_against(
    source: str,
    profile: Profile,
    dtype: str | None = None,
    networks: Sequence[str] = (),
    input_size: str | None = None,
) -> Validation:
    """Predictions beside ``paper``, ``torch`` or the measurements in a file.

    ``networks`` and ``input_size`` say what torch is to run; the other sources bring their own.

    Raises:
        InputError: an unreadable file, an unknown network, or torch is not installed.
    """
    if source == "torch":
        return _against_torch(profile, dtype, networks or TORCH_NETWORKS, input_size)
    if networks or input_size:
        raise InputError(
            "it brings its own networks and inputs",
            where=f"--against {source}",
            mend="name networks and --input-size with --against torch only",
        )
    if source == "paper":
        run = RunConfig.of(profile, dtype, 1 if profile.family == "cpu" else None)
        rows = paper_rows(profile.family)
        cases = [case(r.name, r.graph, r.timed_on(profile), run, r.latency_s) for r in rows]
    else:
        cases = [
            case(m.network, Network(m.network).graph, profile, RunConfig.of(profile, dtype, m.threads), m.latency_s)
            for m in read_measurements(source)
        ]
    return Validation(profile, RunConfig.of(profile, dtype).dtype, source, tuple(cases))


def _against_torch(profile: Profile, dtype: str | None, networks: Sequence[str], input_size: str | None) -> Validation:
    from costsim.reference.measure import measure  # loads torch

    if dtype is None and "fp32" in profile.runtime.dtypes:
        dtype = "fp32"  # what torch computes in
    run = RunConfig.of(profile, dtype, 1 if profile.max_threads > 1 else None)
    graphs = [Network(name, input_size=input_size).graph for name in networks]  # all known before the first is timed
    timed = [measure(graph, repeats=4, passes=3) for graph in graphs]
    cases = [
        case(name, graph, profile, run, measured.whole.latency_s)
        for name, graph, measured in zip(networks, graphs, timed, strict=True)
    ]
    noise_ratio = max(measured.noise_ratio for measured in timed)
    return Validation(profile, run.dtype, f"{timed[0].where}, noise up to {noise_ratio:.0%}", tuple(cases))
