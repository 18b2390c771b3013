"""One point of a sweep, simulated by itself: what a report says of it beyond the totals."""

from __future__ import annotations

import numpy as np

from costsim.hardware import load_profile
from costsim.hardware.vary import numeric_field, vary
from costsim.simulate import Simulation, run_of, simulate
from costsim.sweep.lowered import RESIZES
from costsim.sweep.metrics import BLOCKS
from costsim.sweep.networks import graphs
from costsim.sweep.spec import SweepSpec


def simulate_point(spec: SweepSpec, point: int) -> list[Simulation]:
    """The network and the device of a point that was priced; of a workload, one simulation a network.

    Raises:
        StopIteration: no network can be built there, so the sweep did not price it either.
    """
    values = spec.space.values_of(spec.space.indices_of(np.array([point])))
    options = {name.removeprefix("network."): column for name, column in values.items() if name.startswith("network.")}
    resizes = {name: values[name] for name in RESIZES if name in values}
    networks = [values["network"][0]] if spec.workload is None else list(spec.workload)
    built = [next(graphs(network, options, resizes, 1)).graph for network in networks]
    profile = load_profile(values["hw"][0])
    profile = vary(profile, {numeric_field(profile, n): values[n] for n in values if n.startswith(BLOCKS)})
    dtype, threads = (values[name][0] if name in values else None for name in ("dtype", "threads"))
    return [simulate(graph, profile, run_of(graph, profile, dtype, threads)) for graph in built]
