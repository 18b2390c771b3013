"""F1: ops the device does not run itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from costsim.guidelines.base import Case, Suspicion, seconds


def host_fallback(case: Case) -> Iterator[Suspicion]:
    """{count} ops fall back to the {host}: {kinds}; {share:.0%} of the time here.

    An accelerator runs a list of ops. The compiler leaves the others to a processor beside it,
    which is slow at them and waits for their maps.

    Priced against the same device running every op itself.
    """
    ops = case.simulation.ops
    for region in case.regions:
        rows = case.rows(region.nodes)
        fallen = rows[case.on_host[rows]]
        if not len(fallen):
            continue
        evidence = {
            "count": len(fallen),
            "host": getattr(getattr(case.simulation.profile.hardware, "host", None), "core", "host"),
            "kinds": ", ".join(sorted({ops.labels[row].op.replace("_", " ") for row in fallen})),
            "share": float(case.latency_s[fallen].sum() / case.latency_s[rows].sum()),
        }
        nodes = tuple(name for row in fallen for name in ops.labels[row].layers)
        yield Suspicion(region.name, nodes, evidence, saved_s=partial(_saved_s, case, fallen))


def _saved_s(case: Case, rows: np.ndarray) -> float:
    runtime: Any = case.simulation.profile.runtime
    everything = runtime.model_copy(update={"device_ops": None})
    without = seconds(case.resimulate(profile=case.simulation.profile.model_copy(update={"runtime": everything})))
    return float((case.latency_s - without)[rows].sum())
