"""Networks on devices, as a paper's protocol runs them."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from costsim.analysis import Analysis
from costsim.calibrate.protocol import ANY, Protocol
from costsim.devices import RunConfig
from costsim.errors import DoesNotFitError
from costsim.files import as_folder
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.network import Network


class Bench:
    """One device. Latencies are of one inference of the whole batch."""

    def __init__(self, hw: str) -> None:
        self.profile: Profile = load_profile(hw)
        self.run = RunConfig.of(self.profile)

    @property
    def hw(self) -> str:
        return self.profile.name

    @property
    def is_cpu(self) -> bool:
        """Whether the papers' ARM columns are the ones to compare with; the GPU's otherwise."""
        return self.profile.family == "cpu"

    def latency_s(self, graph: LayerGraph, protocol: Protocol = ANY) -> float | None:
        """Seconds, as the table timed it; None where the device cannot run it."""
        try:
            costs = protocol.simulate(graph, self.profile).costs
        except DoesNotFitError:
            return None
        return float(costs.latency_s.sum(axis=0)[0])

    def latency_ms(self, graph: LayerGraph) -> float | None:
        return _over(self.latency_s(graph), 1e-3)

    def speed(self, graph: LayerGraph, protocol: Protocol, per_batch: float = 1.0) -> float | None:
        """Batches a second, or images where ``per_batch`` of them are in one."""
        latency_s = self.latency_s(graph, protocol)
        return None if latency_s is None else per_batch / latency_s

    def analyze(self, network: str, protocol: Protocol = ANY) -> Analysis | None:
        """The analysis; None where the device cannot run it."""
        try:
            return Analysis(protocol.simulate(Network(network, batch=protocol.batch).graph, self.profile))
        except DoesNotFitError:
            return None


def _over(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit


@cache
def published(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a file of published values, as text."""
    with (_folder(name) / name).open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines))


def _folder(name: str) -> Path:
    """Beside this file; in a checkout, also where the models' data lies."""
    own = as_folder(Path(__file__).parent / "published")
    return own if (own / name).is_file() else Path(__file__).parents[2] / "validation" / "data"
