"""Counterfactual networks run: torch executes what the guidelines would have."""

from __future__ import annotations

import pytest
import torch

from costsim import RunConfig, load_profile
from costsim.edit import merge_branches, strided_access
from costsim.graph import NetBuilder
from costsim.guidelines import check
from costsim.guidelines.pricing import apply_findings
from costsim.networks import build
from costsim.reference import build as companion
from costsim.reference import random_inputs, run
from costsim.simulate import simulate

SLOW = ("shufflenet_v1_g3_0.5x", "mobilenet_v2_0.4x", "googlenet")


@pytest.mark.parametrize("network", ["shufflenet_v2_0.5x", *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)])
def test_every_changed_network_is_executed(network):
    graph = build(network).with_input(1, 3, 64, 64)
    profile = load_profile("arm_a53")
    found = [f for f in check(simulate(graph, profile, RunConfig.of(profile))) if f.edit and f.cost_ms is not None]
    assert found
    expected = {name: tuple(tensor.shape) for name, tensor in run(graph).items()}
    for finding in found:
        changed = apply_findings(graph, [finding])
        assert changed.total_macs == pytest.approx(graph.total_macs, rel=0.01), finding.key
        outputs = run(changed)
        assert [tuple(t.shape) for t in outputs.values()] == list(expected.values()), finding.key
        assert all(torch.isfinite(t).all() for t in outputs.values()), finding.key


def test_strided_access_computes_the_same_function():
    graph = build("shufflenet_v2_0.5x").with_input(1, 3, 64, 64)
    changed = strided_access(graph, [node.name for node in graph])
    ((_, before),) = run(graph, seed=3).items()
    ((_, after),) = run(changed, seed=3).items()
    assert torch.equal(before, after)


def test_merged_branches_compute_the_same_function():
    net = NetBuilder("branches")
    x = net.input(1, 16, 8, 8)
    a, b = net.act(net.conv(x, 8)), net.act(net.conv(x, 12))
    net.concat(net.conv(a, 6, 3), b)
    graph = net.graph
    changed = merge_branches(graph, [node.name for node in graph])
    assert len([node for node in changed if node.layer.op == "conv"]) == 2
    apart, merged = companion(graph, seed=1), companion(changed, seed=2)
    for name, step in merged.steps.items():
        if isinstance(step, torch.nn.Conv2d):
            sources = ["conv_1", "conv_2"] if name == "conv_1+" else [name]
            with torch.no_grad():
                step.weight.copy_(torch.cat([apart.steps[source].weight for source in sources]))
    inputs = random_inputs(graph, seed=5)
    with torch.no_grad():
        torch.testing.assert_close(merged(*inputs), apart(*inputs))
