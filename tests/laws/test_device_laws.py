"""The laws of ``costsim.testing`` on every shipped profile, and that each of them finds a device that breaks it."""

from dataclasses import replace

import numpy as np
import pytest

import costsim
from costsim.devices import families
from costsim.devices.cpu import CpuModel
from costsim.devices.gpu import GpuModel
from costsim.hardware.effects import Effect, fields_with
from costsim.network import Network
from costsim.testing import (
    LAWS,
    Case,
    arithmetic_takes_its_time,
    device_laws,
    dram_moves_what_no_plan_can_avoid,
    every_op_costs_something_and_all_is_finite,
    more_is_never_faster,
    more_is_never_slower,
    more_threads_cost_no_more_than_their_dispatch,
    twice_the_batch_takes_at_most_twice_as_long,
)

PROFILES = costsim.profile_names()

test_a_law_of_devices = device_laws(PROFILES)


def test_every_family_has_a_profile():
    assert {costsim.load_profile(name).family for name in PROFILES} >= set(families())


@pytest.mark.parametrize("name", PROFILES)
def test_clocks_bandwidths_and_sizes_of_every_device_are_held_to_a_law(name):
    profile = costsim.load_profile(name)
    numbers = {path for path in profile.provenance if path.startswith("hardware.")}
    held = {*fields_with(profile, Effect.FASTER), *fields_with(profile, Effect.SLOWER)}
    by_unit = {p for p in numbers if p.split(".")[-1] in {"clock", "bandwidth", "size", "latency", "cores", "lanes"}}
    assert by_unit <= held


def broken(monkeypatch, model, change):
    """The family with the costs of every simulation changed by ``change(costs, profile, run, ops)``."""
    honest = model.costs

    def costs(self, ops, profile, run):
        return change(honest(self, ops, profile, run), profile, run, ops)

    monkeypatch.setattr(model, "costs", costs)


def slower(factor):
    """Every ceiling and overhead times what ``factor`` makes of profile, run and ops."""

    def change(costs, profile, run, ops):
        by = factor(profile, run, ops)
        scaled = {
            kind: {name: costs.limits[name] * by for name in getattr(costs, kind)} for kind in ("ceilings", "overheads")
        }
        return replace(costs, **scaled)

    return change


BREAKERS = {
    more_is_never_slower: (CpuModel, slower(lambda p, run, ops: p.hardware.load_bytes_per_cycle**3)),
    more_is_never_faster: (GpuModel, slower(lambda p, run, ops: 1 / (p.fitted.launch_s + 1e-6) ** 3)),
    more_threads_cost_no_more_than_their_dispatch: (CpuModel, slower(lambda p, run, ops: run.threads**3)),
    every_op_costs_something_and_all_is_finite: (CpuModel, slower(lambda p, run, ops: ~ops.is_op("max_pool"))),
    dram_moves_what_no_plan_can_avoid: (
        CpuModel,
        lambda costs, p, run, ops: replace(
            costs, traffic={"dram": 0.5 * np.minimum(costs.traffic["dram"], ops.weight_bytes)}
        ),
    ),
    twice_the_batch_takes_at_most_twice_as_long: (CpuModel, slower(lambda p, run, ops: ops.n.max())),
    arithmetic_takes_its_time: (CpuModel, slower(lambda p, run, ops: 1e-3)),
}


def test_every_law_has_a_device_that_breaks_it():
    assert set(BREAKERS) == set(LAWS)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_law_finds_the_device_that_breaks_it(law, monkeypatch):
    model, change = BREAKERS[law]
    profile = costsim.load_profile("rpi4b" if model is CpuModel else "gtx_1080ti")
    case = Case(profile, Network("shufflenet_v2_1x").graph)
    law(case)
    broken(monkeypatch, model, change)
    with pytest.raises(AssertionError):
        law(Case(profile, case.graph))
