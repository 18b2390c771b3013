"""The plans of one network at many points: what clocks, bandwidths and buffers share is worked out once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from costsim.devices.accelerator.prefetch import fetched_ahead
from costsim.devices.accelerator.pricing import cost_table
from costsim.devices.accelerator.profile import AcceleratorProfile
from costsim.devices.accelerator.rules import buffer_rules
from costsim.devices.accelerator.work import MovedRows, Work, work_of
from costsim.hardware.vary import at_point, at_points, equal_points, points
from costsim.scheduling import BankedPlans, Planner, planner_for
from costsim.tables.optable import OpTable
from costsim.tables.plan import Plan, Plans
from costsim.tables.schema import Array

Parts = list[tuple[np.ndarray, Plan]]


def plan_networks(ops: OpTable, profile: AcceleratorProfile, threads: Any = 1) -> Plans:
    """The plans of every network of a table, each planned by itself.

    Raises:
        DoesNotFitError: a network cannot run at some point.
    """
    count = max(ops.points, points(profile))
    networks = ops.kept.get("networks", (), ops.split)  # whose planners are kept with them
    return Plans.stack([Plans(tuple(_plan(network, profile, count, np.ravel(threads)))) for network in networks])


def bank_bytes(ops: OpTable, profile: AcceleratorProfile) -> tuple[float, ...]:
    """What the plan of a table of one network and point takes of each bank; empty where the memory has none."""
    (network,) = ops.kept.get("networks", (), ops.split)
    planner = _planner(network, profile)
    if not isinstance(planner, BankedPlans):
        return ()
    return planner.bank_bytes(float(np.max(profile.hardware.memory.onchip.size_bytes)))


def _planner(ops: OpTable, profile: AcceleratorProfile) -> Planner:
    """The planner of one network on one device, kept with its table."""
    given = (profile.runtime, *_geometry(profile), profile.hardware.memory.dram is None)
    # Of a copy: a table that remembers what holds itself is freed by the cycle collector alone.
    return ops.kept.get("planner", given, lambda: planner_for(replace(ops), buffer_rules(ops, profile)))


def _plan(ops: OpTable, profile: AcceleratorProfile, count: int, threads: np.ndarray) -> Parts:
    if ops.points > 1:  # every table is planned by itself
        each = ((ops.at_point(point), at_point(profile, point), 1, _at(threads, [point])) for point in range(count))
        return [(np.array([point]), _plan(*one)[0][1]) for point, one in enumerate(each)]
    if count == 1:
        return _plan_sizes(ops, profile, 1, threads)
    groups = equal_points(*_geometry(profile))
    if len(groups) == 1:
        return _plan_sizes(ops, profile, count, threads)
    return [
        (here[at], plan)
        for here in groups
        for at, plan in _plan(ops, at_points(profile, here), len(here), _at(threads, here))
    ]


def _at(threads: np.ndarray, points: Any) -> np.ndarray:
    return threads if len(threads) == 1 else threads[points]


def _plan_sizes(ops: OpTable, profile: AcceleratorProfile, count: int, threads: np.ndarray) -> Parts:
    """Of one network on one array, for all its clocks, bandwidths and buffers together."""
    sizes = np.broadcast_to(profile.hardware.memory.onchip.size_bytes, count)
    planner = _planner(ops, profile if count == 1 else at_point(profile, 0))

    def price(activation_bytes: np.ndarray, weight_bytes: np.ndarray, at: np.ndarray) -> np.ndarray:
        here = profile if len(at) == count else at_points(profile, at)
        moved = (activation_bytes, weight_bytes)
        return _network_seconds(work_of(ops, here), here, *moved, len(at), _at(threads, at))

    return planner.plans(sizes, price)


def _network_seconds(
    work: Work, profile: AcceleratorProfile, activation_bytes: Array, weight_bytes: Array, count: int, threads: Any
) -> Array:
    """``(plans, points)`` of ``(ops, plans)`` bytes."""
    if profile.runtime.fetches_ahead:
        plans = [
            _fetched_ahead_seconds(work, profile, activation_bytes[:, [plan]], weight_bytes[:, [plan]], threads)
            for plan in range(weight_bytes.shape[1])
        ]
        return np.stack([np.broadcast_to(seconds, count) for seconds in plans])
    if count == 1:
        return cost_table(work.of_every_row(), activation_bytes, weight_bytes, profile, threads).latency_s.sum(axis=0)[
            :, None
        ]
    given = (activation_bytes, weight_bytes)
    rows, occurs = work.kept.get("moved by plans", given, lambda: _moved_by_plans(work, *given))
    return occurs @ cost_table(rows.work, rows.activation_bytes, rows.weight_bytes, profile, threads).latency_s


def _fetched_ahead_seconds(
    work: Work, profile: AcceleratorProfile, activation_bytes: Array, weight_bytes: Array, threads: Any
) -> Array:
    """``(points,)`` of one plan, whose rows have to be taken in order."""
    rows = MovedRows.each(work, activation_bytes, weight_bytes)
    is_first = np.arange(len(work.kind_of)) == 0
    seconds: Array = fetched_ahead(rows, is_first, profile, threads).latency_s.sum(axis=0)
    return seconds


def _moved_by_plans(work: Work, activation_bytes: Array, weight_bytes: Array) -> tuple[MovedRows, np.ndarray]:
    """The rows of several plans, once for each traffic they have in any, and ``(plans, rows)`` how often in each."""
    ops, plans = weight_bytes.shape
    rows = MovedRows.of(
        work, np.repeat(work.kind_of, plans), activation_bytes.reshape(-1, 1), weight_bytes.reshape(-1, 1)
    )
    occurs = np.zeros((plans, len(rows.weight_bytes)))
    np.add.at(occurs, (np.tile(np.arange(plans), ops), rows.of_row), 1.0)
    return rows, occurs


def _geometry(profile: AcceleratorProfile) -> tuple[Any, ...]:
    """Array and weight memories: where these differ, there is something else to plan."""
    hw, memory, cache = profile.hardware, profile.hardware.memory, profile.hardware.memory.parameter_cache
    shared = memory.onchip.size_bytes if cache is not None and cache.beside_maps else None
    return hw.array, hw.sum_bytes, cache, memory.onchip.weight_size_bytes, shared
