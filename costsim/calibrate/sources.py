"""What predictions can be held against: a file, the paper's tables, torch on this machine."""

from __future__ import annotations

from costsim.calibrate.measurements import read_measurements
from costsim.calibrate.paper import paper_rows
from costsim.calibrate.validate import Case, case
from costsim.devices import RunConfig
from costsim.errors import InputError
from costsim.hardware import Profile
from costsim.network import Network

TORCH_NETWORKS = ("alexnet", "mobilenet_v2_1x", "resnet18", "shufflenet_v2_1x", "squeezenet_1_1")
"""Small enough to be timed in a minute, unlike each other."""


def cases_against(source: str, profile: Profile, dtype: str | None = None) -> tuple[Case, ...]:
    """Predictions beside ``paper``, ``torch`` or the measurements in a file.

    Raises:
        InputError: an unreadable file, an unknown network, or torch is not installed.
    """
    if source == "paper":
        run = RunConfig.of(profile, dtype, 1 if profile.family == "cpu" else None)
        return tuple(case(r.name, r.graph, r.timed_on(profile), run, r.latency_s) for r in paper_rows(profile.family))
    if source == "torch":
        return _against_torch(profile, dtype)
    return tuple(
        case(m.network, Network(m.network).graph, profile, RunConfig.of(profile, dtype, m.threads), m.latency_s)
        for m in read_measurements(source)
    )


def _against_torch(profile: Profile, dtype: str | None) -> tuple[Case, ...]:
    try:
        from costsim.reference.measure import measure
    except ImportError:
        raise InputError(
            "torch is not installed", where="--against torch", mend="pip install 'costsim[torch]'"
        ) from None
    run = RunConfig.of(profile, dtype, 1 if profile.max_threads > 1 else None)
    cases = []
    for name in TORCH_NETWORKS:
        graph = Network(name).graph
        cases.append(case(name, graph, profile, run, measure(graph, repeats=4, passes=3).whole.latency_s))
    return tuple(cases)
