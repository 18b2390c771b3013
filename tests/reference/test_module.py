"""Building and running the companion."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from costsim import reference
from costsim.errors import InputError
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph import layers as L
from costsim.networks import build
from tests.strategies import layer_graphs


@given(layer_graphs())
@settings(max_examples=60)
def test_twice_built_is_the_same_module(graph: LayerGraph) -> None:
    first, second = reference.build(graph, seed=3), reference.build(graph, seed=3)
    assert first.state_dict().keys() == second.state_dict().keys()
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    ours, theirs = reference.run(graph), reference.run(graph)
    assert list(ours) == [node.name for node in graph.outputs]
    for name, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[name], rtol=0, atol=0, equal_nan=True)


def test_seeds_differ_and_leave_the_ambient_generator_alone() -> None:
    graph = build("shufflenet_v2_0.5x").with_input(1, 3, 32, 32)
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    outputs = [reference.run(graph, seed=seed)["classifier.linear_1"] for seed in (0, 1)]
    assert torch.equal(torch.rand(1), expected)
    assert not torch.allclose(*outputs)


def test_blocks_are_submodules() -> None:
    module = reference.build(build("shufflenet_v2_1x"))
    assert isinstance(module.get_submodule("stage2.unit1.conv_1"), torch.nn.Conv2d)
    assert sum(p.numel() for p in module.parameters()) == build("shufflenet_v2_1x").total_params


def test_awkward_names_find_a_place() -> None:
    graph = LayerGraph("awkward")
    names = ["forward", "type.a", "type.b", "type", "a", "a.b", "a..c", "x/y:0"]
    graph.add(L.Input((1, 4)), name="input")
    for before, name in zip(["input", *names], names, strict=False):
        graph.add(L.Linear(4), before, name=name)
    module = reference.build(graph)
    assert sum(p.numel() for p in module.parameters()) == graph.total_params
    assert reference.judge(graph).agrees


def test_own_inputs_go_in_and_several_outputs_come_out() -> None:
    net = NetBuilder("two")
    a, b = net.input(1, 2, 3, 3), net.input(1, 2, 3, 3)
    total, product = net.add_tensors(a, b), net.multiply(a, b)
    x, y = torch.full((1, 2, 3, 3), 3.0), torch.full((1, 2, 3, 3), 5.0)
    outputs = reference.run(net.graph, inputs=[x, y])
    assert torch.equal(outputs[total.name], x + y)
    assert torch.equal(outputs[product.name], x * y)
    assert [t.shape for t in reference.build(net.graph)(x, y)] == [x.shape, x.shape]
    with pytest.raises(InputError, match="two: takes 2 inputs, got 1"):
        reference.run(net.graph, inputs=[x])


def test_unknown_ops_are_refused_by_name() -> None:
    net = NetBuilder("odd")
    net.add(L.Unknown("NonMaxSuppression", (1, 5)), net.input(1, 3, 8, 8), name="nms")
    with pytest.raises(InputError, match="odd: nms: 'NonMaxSuppression' is an op costsim does not know"):
        reference.run(net.graph)


def test_design_spaces_are_refused() -> None:
    net = NetBuilder("space")
    net.conv(net.input(1, 3, 8, 8), np.array([8, 16]))
    with pytest.raises(InputError, match=r"space: conv_1: its shape .* is not one of whole numbers"):
        reference.build(net.graph)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (L.Multiply(const_elems=5), "a constant of 5 elements does not broadcast"),
        (L.ConvTranspose2d(4, 3, output_padding=3), "torch refuses it"),
        (L.Upsample(2, mode="lanczos"), "torch refuses it"),
    ],
)
def test_what_torch_cannot_do_is_one_clear_line(layer: L.Layer, message: str) -> None:
    net = NetBuilder("net")
    net.add(layer, net.input(1, 4, 8, 8), name="it")
    with pytest.raises(InputError, match=f"net: it: {message}") as caught:
        reference.run(net.graph)
    assert "\n" not in str(caught.value)


def test_without_torch_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from costsim.errors import InputError\n"
        "try: import costsim.reference\n"
        "except InputError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "torch is not installed; pip install 'costsim[torch]'\n"
