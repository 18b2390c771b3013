"""Networks measured on this machine, for predictions to be held against."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from costsim.calibrate.host.journal import Journal
from costsim.calibrate.host.measure import USUAL_VISIT, Progress, Visit, measure, noise_ratio, silent
from costsim.calibrate.host.plan import NETWORKS
from costsim.calibrate.host.runtimes import HostRuntime
from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.network import Network
from costsim.networks.zoo import family_of
from costsim.timing import Timing


@dataclass(frozen=True)
class Judgement:
    """What networks take on this machine."""

    graphs: dict[str, LayerGraph]
    timings: dict[str, Timing]
    where: str
    """What was timed, in words: it is this machine, whatever device is predicted beside it."""

    @property
    def noise_ratio(self) -> float:
        """How far the machine swings between visits that lie apart."""
        return noise_ratio(self.timings.values())


def judge(
    runtime: HostRuntime,
    networks: Sequence[str],
    *,
    input_size: str | None = None,
    threads: int = 1,
    journal_path: Path | None = None,
    visit: Visit = USUAL_VISIT,
    clock: Callable[[], float] = time.perf_counter,
    progress: Progress = silent,
) -> Judgement:
    """Time networks of the zoo, or ONNX files as they are, in rounds that lie apart."""
    graphs = {name: Network(name, input_size=input_size).graph for name in networks}  # all known before one is timed
    files = {name: Path(name) if name.endswith(".onnx") and input_size is None else None for name in networks}
    conditions: dict[str, str | int] = {"runtime": runtime.name, "version": runtime.version, "threads": threads}
    journal = Journal(journal_path, conditions | {"input": input_size or "as built"})
    ready = {name: partial(runtime.prepare, graph, threads, files[name]) for name, graph in graphs.items()}
    measure(ready, journal, visit=visit, clock=clock, progress=progress)
    plural = "s" if threads > 1 else ""
    where = f"{runtime.name} {runtime.version} on this machine ({platform.machine()}, {threads} thread{plural}, fp32)"
    return Judgement(graphs, {name: journal.timing(name) for name in networks}, where)


def of_unseen_family(network: str) -> bool:
    """Whether the calibration measures no network of its family; what is not of the zoo is of none."""
    try:
        family = family_of(network)
    except InputError:
        return True
    return not family.variants.keys() & set(NETWORKS)
