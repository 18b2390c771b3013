"""The pipeline, on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from costsim.devices import RunConfig, device_for
from costsim.errors import DoesNotFitError
from costsim.graph import LayerGraph
from costsim.graph.quantised import carried_dtype
from costsim.hardware import Profile
from costsim.hardware.calibration import Calibration
from costsim.lowering import Lowering
from costsim.measures import Parts
from costsim.tables.cache import Caches
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array
from costsim.trust import Trust, trust


@dataclass(frozen=True)
class Simulation:
    """Everything one pass through the pipeline made."""

    graph: LayerGraph
    profile: Profile
    run: RunConfig
    ops: OpTable
    costs: CostTable

    @cached_property
    def trust(self) -> Trust:
        """How far this prediction can be trusted, and why."""
        return trust(self.profile, self.run, self.ops, self.costs)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What the device has to say about this network."""
        return device_for(self.profile).notes(self.ops, self.profile, self.run)

    def parts(self, part_of: Sequence[int] | np.ndarray) -> Parts:
        """Parts of the executed ops, to take the papers' measures over, by the number of each op's; -1 is in none."""
        return Parts.by(part_of, self.ops, given_elems(self.graph))

    @property
    def calibration(self) -> Calibration:
        """The profile's accuracy card, with the interval and the status of this prediction."""
        return self.trust.card(self.profile, self.run.dtype)


def given_elems(graph: LayerGraph) -> Array:
    """``(1, points)`` elements of what the network is given, of several inputs together."""
    return np.atleast_2d(np.asarray(sum(prod(node.shape) for node in graph.inputs), dtype=float))


def lowering_for(profile: Profile, run: RunConfig, caches: Caches | None = None) -> Lowering:
    """How the profile's runtime executes graphs in the run's data type."""
    runtime = profile.runtime
    elements = run.elem_bytes, run.elem_bytes
    return Lowering(runtime.fusion, runtime.views, *elements, runs=runtime.executed_ops, caches=caches)


def lower_for(graph: LayerGraph, profile: Profile, run: RunConfig, caches: Caches | None = None) -> OpTable:
    """The ops the profile's runtime executes for the graph in the run's data type, not yet planned."""
    return lowering_for(profile, run, caches).table([graph])


def run_of(
    graph: LayerGraph, profile: Profile, dtype: str | None = None, threads: int | str | None = None
) -> RunConfig:
    """How a network is run where nothing or not all is asked for: a quantised one in int8, if the runtime has it.

    Raises:
        InputError: what ``RunConfig.of`` refuses.
    """
    return RunConfig.of(profile, dtype or carried_dtype(graph, profile.runtime.dtypes), threads)


def simulate_together(
    graphs: Sequence[LayerGraph], profile: Profile, run: RunConfig, lowering: Lowering
) -> tuple[OpTable, CostTable]:
    """The planned ops of several networks in one table, and their costs: sooner than each alone.

    Raises:
        DoesNotFitError: the device cannot run one of them.
    """
    device = device_for(profile)
    ops = device.plan(lowering.table(graphs), profile, run)
    return ops, device.costs(ops, profile, run)


def simulate(graph: LayerGraph, profile: Profile, run: RunConfig, caches: Caches | None = None) -> Simulation:
    """Lower the graph for the profile's runtime, plan it, price it.

    ``caches`` are those of a caller that prices many networks; otherwise the simulation has its own.

    Raises:
        DoesNotFitError: the device cannot run the network at all.
    """
    device = device_for(profile)
    try:
        ops = device.plan(lower_for(graph, profile, run, caches), profile, run)
    except DoesNotFitError as error:
        error.tried = graph, run, profile
        raise
    return Simulation(graph, profile, run, ops, device.costs(ops, profile, run))
