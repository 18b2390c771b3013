"""Every network of the zoo is executed by torch, with the shapes, parameters and macs it claims."""

from __future__ import annotations

import pytest

from costsim import reference
from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.networks import build, network_names
from costsim.plugins import NETWORKS, load_plugin, plugins

QUICK_MACS = 3e8
"""Networks that are larger and hold tables of one input size run in the slow set only."""

SHRINKS = (7, 4, 2, 1)
"""Divisors of the input's sides, in the order they are tried: 224 becomes 32."""


def small(graph: LayerGraph) -> LayerGraph:
    """The network at the smallest input that passes through it."""
    if len(graph.input_shape) != 4:
        return graph
    n, c, h, w = graph.input_shape
    for shrink in SHRINKS[:-1]:
        try:
            return graph.with_input(n, c, h // shrink, w // shrink)
        except InputError:
            continue
    return graph


FAMILIES = {prefix: load_plugin(NETWORKS, prefix, "network family") for prefix in plugins(NETWORKS)}


def check(graph: LayerGraph, device: str) -> None:
    judgement = reference.judge(graph, device=device)
    assert judgement.agrees, str(judgement)
    assert judgement.torch_params == graph.total_params
    assert judgement.torch_macs == graph.total_macs


@pytest.mark.parametrize("prefix", FAMILIES)
def test_one_network_of_each_family_runs_at_a_small_input(prefix: str) -> None:
    whole = build(next(iter(FAMILIES[prefix].variants)))
    graph = small(whole)
    if graph is whole and graph.total_macs > QUICK_MACS:
        pytest.skip("runs with the slow tests")
    check(graph, "cpu")


@pytest.mark.slow
@pytest.mark.parametrize("name", network_names())
def test_every_network_runs_at_a_small_input(name: str) -> None:
    check(small(build(name)), "cpu")


@pytest.mark.slow
@pytest.mark.parametrize("name", network_names())
def test_every_network_is_right_at_its_own_input(name: str) -> None:
    """Without values, on torch's meta device: its shape functions and counters see the full size."""
    check(build(name), "meta")
