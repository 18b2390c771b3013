"""The laws every registered family keeps, on every shipped profile.

One conformance suite for built-in families and plug-ins alike: whatever profile is found is held
to it.
"""

import itertools
from functools import cache

import numpy as np
import pytest

import costsim
from costsim.devices import RunConfig, device_for, families
from costsim.hardware.vary import vary
from costsim.simulate import simulate

NETWORKS = ("alexnet", "mobilenet_v2_1x", "resnet50", "shufflenet_v1_g3_1x", "shufflenet_v2_1x", "vargnet_v1_g8_1x")

PROFILES = costsim.profile_names()

MORE_IS_NEVER_SLOWER = ("bandwidth", "clock", "size", "cores", "multiprocessors")
"""Hardware fields of which more must not hurt."""

SLACK = 1 + 1e-9
"""Rounding of sums of a few hundred floats."""


@cache
def network(name, batch=1):
    return costsim.Network(name, batch=batch).graph


def run_on(name, profile, batch=1, threads=None):
    return simulate(network(name, batch), profile, RunConfig.of(profile, threads=threads))


def latency_s(*arguments, **options):
    return run_on(*arguments, **options).costs.latency_s.sum(axis=0)


def growing_fields(profile):
    return [p for p in profile.provenance if p.startswith("hardware.") and p.split(".")[-1] in MORE_IS_NEVER_SLOWER]


def fits(name, profile, batch=1):
    try:
        run_on(name, profile, batch)
    except costsim.DoesNotFitError:
        return False
    return True


def skip_unless_it_fits(name, profile, batch=1):
    if not fits(name, profile, batch):
        pytest.skip(f"{name} does not fit {profile.name}")


@pytest.fixture(params=PROFILES)
def profile(request):
    return costsim.load_profile(request.param)


def test_every_family_has_a_profile():
    assert {costsim.load_profile(name).family for name in PROFILES} >= set(families())


@pytest.mark.parametrize("name", NETWORKS)
def test_more_bandwidth_buffer_cores_or_clock_is_never_slower(profile, name):
    skip_unless_it_fits(name, profile)
    assert growing_fields(profile)
    for field in growing_fields(profile):
        value = profile.value_at(field)
        seconds = [float(latency_s(name, vary(profile, {field: np.array([value * k])}))[0]) for k in (1, 1.5, 2, 4)]
        for slower, faster in itertools.pairwise(seconds):
            assert faster <= slower * SLACK, (field, seconds)


@pytest.mark.parametrize("name", NETWORKS)
def test_more_threads_are_never_slower(profile, name):
    skip_unless_it_fits(name, profile)
    seconds = [float(latency_s(name, profile, threads=t)[0]) for t in range(1, profile.max_threads + 1)]
    assert all(b <= a * SLACK for a, b in itertools.pairwise(seconds)), seconds


@pytest.mark.parametrize("name", NETWORKS)
def test_every_executed_op_costs_something_and_all_is_finite(profile, name):
    skip_unless_it_fits(name, profile)
    costs = run_on(name, profile).costs
    assert np.isfinite(costs.latency_s).all()
    assert (costs.latency_s > 0).all()
    for limit in costs.limits.values():
        assert np.isfinite(limit).all()
        assert (limit >= 0).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_dram_moves_at_least_what_no_plan_can_avoid(profile, name):
    skip_unless_it_fits(name, profile)
    simulation = run_on(name, profile)
    dram = simulation.costs.traffic["dram"].sum()
    assert dram >= device_for(profile).unavoidable_dram_bytes(simulation.ops, profile) / SLACK


@pytest.mark.parametrize("name", NETWORKS)
def test_twice_the_batch_takes_at_most_twice_as_long(profile, name):
    skip_unless_it_fits(name, profile, batch=2)
    one, two = latency_s(name, profile), latency_s(name, profile, batch=2)
    assert two <= 2 * one * SLACK
    assert two >= one / SLACK


@pytest.mark.parametrize("name", NETWORKS)
def test_time_is_at_least_arithmetic_over_peak(profile, name):
    skip_unless_it_fits(name, profile)
    simulation = run_on(name, profile)
    run = RunConfig.of(profile)
    roofs = device_for(profile).roofs(profile, run)
    executed = device_for(profile).fewest_macs(simulation.ops, profile, run)
    assert (simulation.costs.latency_s.sum() >= executed.sum() / roofs.macs_per_s / SLACK).all()
