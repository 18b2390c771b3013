"""Torch agrees with every layer's shape, parameters and multiply-accumulates."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costsim import reference
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph import layers as L
from costsim.graph.layers.elementwise import ACTIVATIONS
from costsim.networks import build
from costsim.reference.layers import BUILDERS
from tests.strategies import RECIPES, layer_graphs

EXECUTABLE = sorted(RECIPES.keys() - {L.Unknown}, key=lambda layer: layer.__name__)


@given(layer_graphs())
@settings(max_examples=200)
def test_random_graphs_are_what_torch_executes(graph: LayerGraph) -> None:
    judgement = reference.judge(graph)
    assert judgement.agrees, str(judgement)
    assert judgement.torch_params == graph.total_params
    assert judgement.torch_macs == graph.total_macs


@pytest.mark.parametrize("layer", EXECUTABLE, ids=lambda layer: layer.__name__)
@given(data=st.data())
@settings(max_examples=25)
def test_every_layer_type(layer: type[L.Layer], data: st.DataObject) -> None:
    judgement = reference.judge(data.draw(layer_graphs(layers=[layer], max_layers=4)))
    assert judgement.agrees, str(judgement)


@given(layer_graphs())
@settings(max_examples=40)
def test_the_meta_device_judges_alike(graph: LayerGraph) -> None:
    assert reference.judge(graph, device="meta") == reference.judge(graph)


def test_every_layer_type_has_a_builder() -> None:
    assert set(BUILDERS) == set(RECIPES) | {L.Input, L.Constant}


@pytest.mark.parametrize("function", ACTIVATIONS)
def test_every_activation_is_executed(function: str) -> None:
    net = NetBuilder("activation")
    net.act(net.input(1, 4, 3, 3), function)
    assert reference.judge(net.graph).agrees


@pytest.mark.parametrize("trainable", [True, False])
def test_stored_constants_are_operands(trainable: bool) -> None:
    net = NetBuilder("position")
    stored = net.add(L.Constant((1, 4, 5), trainable=trainable))
    net.add_tensors(net.input(2, 4, 5), stored)
    judgement = reference.judge(net.graph)
    assert judgement.agrees
    assert judgement.torch_params == (20 if trainable else 0)


def test_a_zoo_network_agrees_at_full_size_and_as_a_whole() -> None:
    graph = build("shufflenet_v2_1x")
    judgement = reference.judge(graph, device="meta")
    assert judgement.agrees, str(judgement)
    assert [check.name for check in judgement.checks] == [node.name for node in graph]


@dataclass(frozen=True)
class WrongConv(L.Conv2d):
    """A specification that forgets its bias in the parameters and half of its outputs in the loops."""

    def params(self, *inputs: L.Shape) -> L.Dim:
        return super().params(*inputs) - self.out_channels

    def loop_nest(self, inputs: tuple[L.Shape, ...], output: L.Shape) -> L.LoopNest:
        n, c, h, w = output
        return super().loop_nest(inputs, (n, c, h // 2, w))

    def output_shape(self, *inputs: L.Shape) -> L.Shape:
        n, c, h, w = super().output_shape(*inputs)
        return n, c, h, w + 1


def test_a_wrong_claim_is_found_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILDERS, WrongConv, BUILDERS[L.Conv2d])
    net = NetBuilder("wrong")
    net.add(WrongConv(4, 1, bias=True), net.conv(net.input(1, 3, 8, 8), 3))
    judgement = reference.judge(net.graph)
    assert not judgement.agrees
    assert str(judgement) == (
        "wrong: 2 of 3 layers agree with torch\n"
        "conv_2 (conv): shape (1, 4, 8, 9), torch has (1, 4, 8, 8); params 12, torch has 16; macs 432, torch has 768"
    )
