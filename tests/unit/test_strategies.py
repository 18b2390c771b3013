"""The shared strategy itself: it knows every layer type, and can draw each of them."""

from __future__ import annotations

import pytest
from hypothesis import Phase, find, given, settings

from costsim.graph import LayerGraph
from costsim.graph import layers as L
from tests.strategies import RECIPES, conv_graphs, layer_graphs

LAYER_TYPES = {value for value in vars(L).values() if isinstance(value, type) and issubclass(value, L.Layer)}


def test_every_layer_type_has_a_recipe() -> None:
    assert LAYER_TYPES - {L.Layer, L.Input, L.Constant} == set(RECIPES)


@pytest.mark.parametrize("layer", sorted(RECIPES, key=lambda layer: layer.__name__), ids=lambda layer: layer.__name__)
def test_each_type_can_be_drawn(layer: type[L.Layer]) -> None:
    drawn = settings(phases=[Phase.generate], database=None)  # nothing to shrink: the first one will do
    graph = find(layer_graphs(layers=[layer]), lambda g: any(type(node.layer) is layer for node in g), settings=drawn)
    assert len(graph) >= 2


@given(layer_graphs(max_layers=12))
@settings(max_examples=100)
def test_graphs_hold_integer_shapes_and_keep_their_edges(graph: LayerGraph) -> None:
    assert all(type(dim) is int and dim > 0 for node in graph for dim in node.shape)
    edges = set(graph.to_networkx().edges)
    assert edges == {(name, node.name) for node in graph for name in node.inputs}


@given(conv_graphs())
@settings(max_examples=20)
def test_conv_graphs_hold_maps_only(graph: LayerGraph) -> None:
    assert all(len(node.shape) == 4 for node in graph)
