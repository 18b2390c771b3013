"""The search prices few lists and still finds the first: halving, and networks that are sure to be no faster."""

from itertools import product

import numpy as np
import pytest

import costsim
from costsim.advice.changes import State, changes
from costsim.advice.extents import Extents
from costsim.advice.targets import is_eased, parse_targets
from costsim.advice.tries import Tries
from costsim.devices import RunConfig
from costsim.hardware import load_profile


def tries_of(network, hw, target):
    profile = load_profile(hw)
    state = State(costsim.Network(network).graph, RunConfig.of(profile, None, None), profile)
    tries = Tries(state, parse_targets(target), None)
    return tries, changes(state, tries.simulation)


@pytest.mark.parametrize("share", [0.3, 0.01])
def test_the_first_list_is_that_of_trying_all_in_order(share):
    tries, kinds = tries_of("mlperf_tiny_mobilenet", "ethos_u55_128", "latency_ms < 1")
    now = tries.latency_ms(())
    tries, _ = tries_of("mlperf_tiny_mobilenet", "ethos_u55_128", f"latency_ms < {share * now}")
    lists = list(product(kinds["width"][::5], kinds["input size"][::2], kinds["groups"]))
    lists.sort(key=tries.expected_losses)
    before = tries.priced
    found = tries.first(lists)
    took = tries.priced - before
    met = [chosen for chosen in lists if tries.latency_ms(chosen) < share * now]
    assert (found.changes if found else None) == (met[0] if met else None)
    assert took < len(lists)


def test_a_network_without_a_smaller_layer_is_no_faster_where_a_buffer_is_planned():
    tries, kinds = tries_of("mlperf_tiny_resnet8", "ethos_u55_128", "latency_ms < 1")
    lists = list(product(kinds["width"][::3], kinds["input size"]))
    extents = [Extents.of(tries.graph(chosen)) for chosen in lists]
    latency_ms = np.array([tries.latency_ms(chosen) for chosen in lists])
    pairs = [
        (larger, smaller)
        for larger, smaller in product(range(len(lists)), repeat=2)
        if larger != smaller and extents[larger].cover(extents[smaller])
    ]
    assert len(pairs) > len(lists)
    assert all(latency_ms[larger] >= latency_ms[smaller] for larger, smaller in pairs)


@pytest.mark.parametrize(
    ("target", "eased"),
    [
        ("latency_ms < 3", True),
        ("onchip_used_bytes <= 3KiB", True),
        ("throughput_per_s > 3", True),
        ("latency_ms > 3", False),
        ("macs == 3", False),
        ("coverage_ratio < 0.5", False),
    ],
)
def test_which_targets_smaller_networks_come_nearer_to(target, eased):
    assert is_eased(parse_targets(target)[0]) is eased
