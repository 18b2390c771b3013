"""Weights that come in while earlier ops run: two engines on one list, against one stepped through in small pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costsim.devices import RunConfig
from costsim.devices.accelerator.prefetch import waits_s
from costsim.errors import InputError
from costsim.hardware import load_profile
from costsim.networks import build
from costsim.simulate import simulate

whole = st.integers(0, 6)
ops = st.lists(st.tuples(whole, whole, whole), min_size=1, max_size=8)


def stepped(rows: list[tuple[int, int, int]], room: int) -> int:
    """Ticks until the last op is done: a tick moves one byte, of the op that runs or else of weights to come."""
    ticks, fetched, at = 0, [0] * len(rows), 0
    for at, (busy, maps, weights) in enumerate(rows):
        left = maps
        while busy > 0 or left > 0 or fetched[at] < weights:
            ticks, busy = ticks + 1, busy - 1
            if left > 0:
                left -= 1
            elif fetched[at] < weights:
                fetched[at] += 1
            elif sum(fetched[at + 1 :]) < room:
                coming = next((row for row in range(at + 1, len(rows)) if fetched[row] < rows[row][2]), None)
                if coming is not None:
                    fetched[coming] += 1
    return ticks


@given(ops, st.integers(0, 8))
def test_the_recurrence_is_what_two_engines_do(rows: list[tuple[int, int, int]], room: int) -> None:
    busy, maps, weights = (np.array(column, dtype=float)[:, None] for column in zip(*rows, strict=True))
    first = np.arange(len(rows)) == 0
    waits = waits_s(busy, maps, weights, np.array([float(room)]), first)
    assert np.maximum(busy, waits).sum() == stepped(rows, room)


def test_nothing_comes_ahead_from_one_network_to_the_next() -> None:
    busy, none = np.array([[9.0], [0.0]]), np.zeros((2, 1))
    weights = np.array([[0.0], [5.0]])
    apart = waits_s(busy, none, weights, np.array([10.0]), np.array([True, True]))
    together = waits_s(busy, none, weights, np.array([10.0]), np.array([True, False]))
    assert (apart[1, 0], together[1, 0]) == (5.0, 0.0)


def test_three_cores_hide_the_weights_of_resnet18_but_not_of_vgg16() -> None:
    profile = load_profile("ax650n")
    patient = profile.model_copy(update={"runtime": profile.runtime.model_copy(update={"fetches_ahead": False})})
    hidden = {}
    for name in ("resnet18", "vgg16"):
        here, there = (simulate(build(name), one, RunConfig.of(one, threads=3)) for one in (profile, patient))
        hidden[name] = 1 - here.costs.latency_s.sum() / there.costs.latency_s.sum()
    assert hidden["resnet18"] > 0.1 > hidden["vgg16"] >= 0


def test_plans_made_op_by_op_cannot_fetch_ahead() -> None:
    with pytest.raises(InputError, match="fetches_ahead"):
        load_profile("ax650n", {"runtime.plan": "layer_by_layer"})
