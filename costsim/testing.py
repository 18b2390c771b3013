"""The laws every device keeps, for the tests of whoever writes a profile or a family of devices.

A test module needs two lines; pytest is only imported by the second::

    from costsim.testing import device_laws

    test_a_law = device_laws(profiles=["my_board"])

A law is a function of a ``Case``, one profile and one network, and raises ``AssertionError`` where it does not hold.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from costsim.devices import RunConfig, device_for
from costsim.errors import CostsimError, DoesNotFitError
from costsim.graph import LayerGraph
from costsim.hardware import Profile, load_profile
from costsim.hardware.effects import Effect, fields_with
from costsim.hardware.vary import vary
from costsim.network import Network
from costsim.simulate import Simulation, simulate

NETWORKS = (
    "alexnet", "mlperf_tiny_ds_cnn", "mlperf_tiny_resnet8", "mobilenet_v2_1x", "resnet50", "shufflenet_v1_g3_1x",
    "shufflenet_v2_1x", "vargnet_v1_g8_1x",
)  # fmt: skip
"""Dense, depthwise and grouped convolutions, shuffles, concatenations and large fully connected layers; two for
microcontrollers."""

GROWTH = (1, 1.5, 2, 4)
"""By how much a field grows."""

GROWTH_OF_COUNTS = (1, 2, 4)
"""Rows, cores and channels taken at once only double: three times as many divide a map otherwise than twice as many."""

SLACK = 1 + 1e-9
"""Rounding of sums of a few hundred floats."""


class NotApplicableError(CostsimError):
    """The law says nothing of this case, and why."""


@dataclass(frozen=True)
class Case:
    """A network on a device, before the laws."""

    profile: Profile
    graph: LayerGraph
    """On one image."""

    @cached_property
    def simulation(self) -> Simulation:
        """The run as the profile has it by default.

        Raises:
            NotApplicableError: the network does not fit the device.
        """
        return self.run()

    @cached_property
    def seconds(self) -> float:
        """Latency of that run."""
        return _seconds(self.simulation)

    def run(self, *, threads: int | None = None, batch: int = 1) -> Simulation:
        """The same run on other threads, on more images."""
        graph = self.graph if batch == 1 else Network(self.graph, batch=batch).graph
        return _simulate(graph, self.profile, RunConfig.of(self.profile, threads=threads))

    def seconds_with(self, values: Mapping[str, Sequence[float]]) -> np.ndarray:
        """Latency with these numbers in the profile, one value a point: (points,), nan where nothing fits any more.

        All points are priced at once, as sweeps do; one by one where the network does not fit at some.
        """
        columns = {path: np.array(column, dtype=float) for path, column in values.items()}
        points = max(len(column) for column in columns.values())
        try:
            simulation = _simulate(self.graph, vary(self.profile, columns), RunConfig.of(self.profile))
        except NotApplicableError:
            if points == 1:
                return np.array([np.nan])
            return np.concatenate(
                [self.seconds_with({path: [column[i]] for path, column in columns.items()}) for i in range(points)]
            )
        return np.broadcast_to(simulation.costs.latency_s.sum(axis=0), points)


def more_is_never_slower(case: Case) -> None:
    """What is marked ``Effect.FASTER`` in the schema slows nothing down when it grows."""
    _grow(case, Effect.FASTER, lambda before, after: after <= before * SLACK)


def more_is_never_faster(case: Case) -> None:
    """What is marked ``Effect.SLOWER`` in the schema, as latencies are, speeds nothing up when it grows."""
    _grow(case, Effect.SLOWER, lambda before, after: after >= before / SLACK)


def _grow(case: Case, effect: Effect, holds: Callable[[float, float], bool]) -> None:
    fields = fields_with(case.profile, effect)
    if not fields:
        raise NotApplicableError(f"no field of {case.profile.name} is marked {effect}")
    first = case.seconds  # where nothing fits there is no more to try
    grown = [(path, growth) for path, value in fields.items() for growth in _growths(value)[1:]]
    seconds = case.seconds_with(
        {
            path: [value * growth if path == other else value for other, growth in grown]
            for path, value in fields.items()
        }
    )
    of_growth = dict(zip(grown, seconds.tolist(), strict=True))
    for path, value in fields.items():
        growths = _growths(value)
        taken = [first, *(of_growth[path, growth] for growth in growths[1:])]
        fitting = itertools.takewhile(np.isfinite, taken)  # a wider array may take larger tiles than the buffer holds
        for before, after in itertools.pairwise(fitting):
            assert holds(before, after), f"{path} times {growths} takes {taken} s"


def _growths(value: float) -> tuple[float, ...]:
    return GROWTH_OF_COUNTS if isinstance(value, int) else GROWTH


def more_threads_cost_no_more_than_their_dispatch(case: Case) -> None:
    """One more thread slows a network down by no more than what it adds to the dispatch of its ops.

    On many cores, forking and joining may cost a small op more than dividing it gains; nothing else may.
    """
    if case.profile.max_threads == 1:
        raise NotApplicableError(f"{case.profile.name} has one thread")
    runs = [case.run(threads=threads) for threads in range(1, case.profile.max_threads + 1)]
    for fewer, more in itertools.pairwise(runs):
        added = _dispatch_seconds(more) - _dispatch_seconds(fewer)
        before, after = _seconds(fewer), _seconds(more)
        assert after <= (before + max(added, 0.0)) * SLACK, (
            f"{more.run.threads} threads take {after} s, one less {before} s; dispatch grew by {added} s"
        )


def every_op_costs_something_and_all_is_finite(case: Case) -> None:
    """No executed op is free, unknown ones neither; no ceiling is negative, infinite or not a number."""
    costs = case.simulation.costs
    assert np.isfinite(costs.latency_s).all() and (costs.latency_s > 0).all(), "an op is free, or its time not finite"
    for name, seconds in costs.limits.items():
        assert np.isfinite(seconds).all() and (seconds >= 0).all(), f"{name} is negative or not finite"
    for memory, moved in costs.traffic.items():
        assert np.isfinite(moved).all() and (moved >= 0).all(), f"traffic of {memory} is negative or not finite"


def dram_moves_what_no_plan_can_avoid(case: Case) -> None:
    """Where there is a DRAM: weights, the network's input and its outputs cross it at least once."""
    traffic = case.simulation.costs.traffic
    if "dram" not in traffic:
        raise NotApplicableError(f"{case.profile.name} has no DRAM")
    least = device_for(case.profile).unavoidable_dram_bytes(case.simulation.ops, case.profile)
    assert traffic["dram"].sum() >= least / SLACK, f"{traffic['dram'].sum()} bytes, of which {least} are unavoidable"


def twice_the_batch_takes_at_most_twice_as_long(case: Case) -> None:
    """Two images take at least as long as one, and at most twice as long beside what they no longer find in a cache."""
    double = case.run(batch=2)
    one, two = case.seconds, _seconds(double)
    refetched = [simulation.costs.limits.get("dram", np.zeros(1)).sum() for simulation in (case.simulation, double)]
    more = max(0.0, float(refetched[1] - 2 * refetched[0]))
    assert one / SLACK <= two <= (2 * one + more) * SLACK, f"one image {one} s, two {two} s"


def arithmetic_takes_its_time(case: Case) -> None:
    """Time is at least the multiply-accumulates of the best algorithm over the peak."""
    simulation, device = case.simulation, device_for(case.profile)
    least = device.fewest_macs(simulation.ops, case.profile, simulation.run).sum()
    seconds = least / device.roofs(case.profile, simulation.run).macs_per_s
    assert _seconds(simulation) >= seconds / SLACK, f"{_seconds(simulation)} s, arithmetic alone takes {seconds} s"


LAWS: tuple[Callable[[Case], None], ...] = (
    more_is_never_slower,
    more_is_never_faster,
    more_threads_cost_no_more_than_their_dispatch,
    every_op_costs_something_and_all_is_finite,
    dram_moves_what_no_plan_can_avoid,
    twice_the_batch_takes_at_most_twice_as_long,
    arithmetic_takes_its_time,
)


def device_laws(
    profiles: Iterable[str | Profile],
    networks: Sequence[Any] = NETWORKS,
    laws: Sequence[Callable[[Case], None]] = LAWS,
) -> Callable[..., None]:
    """A pytest function with one test a law, profile and network; what a law says nothing of is skipped.

    Args:
        profiles: names or paths, or profiles.
        networks: what ``analyze`` takes.
        laws: all of them if left out.
    """
    import pytest

    @cache
    def case(profile: str | Profile, network: Any) -> Case:
        loaded = profile if isinstance(profile, Profile) else load_profile(profile)
        return Case(loaded, Network(network, batch=1).graph)

    def name_of(value: Any) -> str:
        return str(getattr(value, "__name__", None) or getattr(value, "name", None) or value)

    @pytest.mark.parametrize("network", networks, ids=name_of)
    @pytest.mark.parametrize("profile", list(profiles), ids=name_of)
    @pytest.mark.parametrize("law", laws, ids=name_of)
    def test(law: Callable[[Case], None], profile: str | Profile, network: Any) -> None:
        try:
            law(case(profile, network))
        except NotApplicableError as reason:
            pytest.skip(str(reason))

    return test


def _simulate(graph: LayerGraph, profile: Profile, run: RunConfig) -> Simulation:
    try:
        return simulate(graph, profile, run)
    except DoesNotFitError as error:
        raise NotApplicableError(str(error)) from None


def _seconds(simulation: Simulation) -> float:
    return float(np.sum(simulation.costs.latency_s))


def _dispatch_seconds(simulation: Simulation) -> float:
    return float(np.sum(simulation.costs.own.overheads.get("dispatch", 0.0)))
