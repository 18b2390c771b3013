"""Branches that add up to one convolution become it; nothing else does."""

from __future__ import annotations

import pytest

from costsim.edit import reparameterise
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph.layers import Add, Conv2d
from costsim.networks import build


def written(branches: str) -> LayerGraph:
    """An input of 8 channels, and the sum of some branches over it."""
    net = NetBuilder("branches")
    x = net.input(1, 8, 16, 16)
    ways = {
        "identity": lambda: x,
        "norm": lambda: net.bn(x),
        "1x1": lambda: net.conv_bn(x, 8, 1, act=None),
        "3x3": lambda: net.conv_bn(x, 8, 3, act=None),
        "5x5": lambda: net.conv_bn(x, 8, 5, act=None),
        "bands": lambda: net.add_tensors(net.conv(x, 8, (1, 5)), net.conv(x, 8, (1, 5))),
        "depthwise": lambda: net.depthwise_bn(x, 3, act=None),
        "activated": lambda: net.conv_bn(x, 8, 3),
        "scaled": lambda: net.multiply(net.conv_bn(x, 8, 3, act=None)),
        "beside": lambda: net.conv(x, 8, 3, padding=(2, 0, 1, 1)),
    }
    net.act(net.add_tensors(*(ways[branch]() for branch in branches.split())))
    return net.graph


def convs(graph: LayerGraph) -> list[tuple[int, ...]]:
    return [node.layer.kernel for node in graph if isinstance(node.layer, Conv2d)]


@pytest.mark.parametrize(
    ("branches", "kernel"),
    [
        ("norm 1x1 3x3", (3, 3)),
        ("identity 5x5", (5, 5)),
        ("3x3 5x5 3x3", (5, 5)),
        ("norm scaled", (3, 3)),
        ("identity bands", (1, 5)),
    ],
)
def test_branches_that_add_up_are_one_convolution_with_a_bias(branches: str, kernel: tuple[int, int]) -> None:
    graph = reparameterise(written(branches))
    assert [node.layer.op for node in graph] == ["input", "conv", "relu"]
    assert convs(graph) == [kernel]
    assert graph.total_params == 8 * 8 * kernel[0] * kernel[1] + 8


@pytest.mark.parametrize("branches", ["depthwise 3x3", "identity activated", "3x3 beside"])
def test_branches_that_do_not_add_up_stay(branches: str) -> None:
    graph = written(branches)
    edited = reparameterise(graph)
    assert any(isinstance(node.layer, Add) for node in edited)
    assert convs(edited) == convs(graph)
    assert not any(node.layer.op == "batch_norm" for node in edited)


def test_a_branch_that_is_read_elsewhere_stays() -> None:
    net = NetBuilder("read twice")
    x = net.input(1, 8, 16, 16)
    y = net.conv(x, 8, 3)
    net.concat(net.add_tensors(y, net.conv(x, 8, 1)), y)
    assert convs(reparameterise(net.graph)) == [(3, 3), (1, 1)]


def test_a_network_without_branches_only_loses_its_norms() -> None:
    graph = build("mobilenet_v2_1x")
    edited = reparameterise(graph)
    assert edited.total_macs == graph.total_macs
    norms = sum(node.shape[1] for node in graph if node.layer.op == "batch_norm")
    assert edited.total_params == graph.total_params - norms  # a scale and a shift became a bias


@pytest.mark.parametrize("name", ["repvgg_a0", "mobileone_s0", "fastvit_t8"])
def test_the_deployed_form_is_the_training_form_edited(name: str) -> None:
    assert reparameterise(build(f"{name}_training")).same_layers(build(name))


def test_repvgg_is_a_stack_of_3x3() -> None:
    assert convs(build("repvgg_a0")) == [(3, 3)] * 22
