"""A graph, built as a module, exported by torch and imported back, is the same graph."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings

from costsim import reference
from costsim.graph import LayerGraph
from costsim.graph import layers as L
from costsim.importers.torch import load_torch
from costsim.networks import build
from tests.reference.test_zoo import FAMILIES, small
from tests.strategies import RECIPES, layer_graphs


def imported_back(graph: LayerGraph) -> LayerGraph:
    return load_torch(reference.build(graph), input_size=graph.input_shape[1:], batch=graph.input_shape[0])


def description(graph: LayerGraph) -> list[tuple[Any, ...]]:
    """Everything but the names, which torch cannot keep: layers, wiring, shapes, blocks, in order."""
    row = {node.name: index for index, node in enumerate(graph)}
    return [(node.layer, tuple(row[name] for name in node.inputs), node.shape, node.block) for node in graph]


def is_told_in_torchs_words(layer: L.Layer) -> bool:
    """Regions, shared weights, index layers as matrices, sizes left open, padding that differs between two sides.

    Of these torch keeps the cost, not the word: TensorFlow's uneven padding is a layer of its own there.
    """
    marks = ("shared", "as_matmul")
    own = isinstance(layer, (L.RoiAlign, L.ReshapeLike)) or getattr(layer, "multiple", 1) > 1
    is_open = (isinstance(layer, L.Slice) and layer.stop is None) or (
        isinstance(layer, L.Reshape) and -1 in layer.shape
    )
    top, bottom, left, right = getattr(layer, "padding", None) or (0, 0, 0, 0)
    is_uneven = isinstance(layer, L.Conv2d) and (top != bottom or left != right)
    return not own and not is_open and not is_uneven and not any(getattr(layer, mark, False) for mark in marks)


@pytest.mark.parametrize("name", ["shufflenet_v2_0.5x", "sfr_shufflenet_v2_0.5x", "squeezenet_1_1"])
def test_networks_come_back_as_they_were(name: str) -> None:
    graph = small(build(name))
    assert description(imported_back(graph)) == description(graph)


@pytest.mark.slow
@pytest.mark.parametrize("prefix", FAMILIES)
def test_one_network_of_each_family_comes_back(prefix: str) -> None:
    graph = small(build(next(iter(FAMILIES[prefix].variants))))
    back = imported_back(graph)
    assert back.total_macs == graph.total_macs
    if all(is_told_in_torchs_words(node.layer) for node in graph):
        assert description(back) == description(graph)


@given(layer_graphs(layers=set(RECIPES) - {L.RoiAlign, L.Unknown}))
@settings(max_examples=20, phases=[Phase.generate])  # an export takes a second
def test_random_graphs_come_back_with_the_same_counts(graph: LayerGraph) -> None:
    assume(not all(isinstance(node.layer, L.Input | L.ReshapeLike) for node in graph))  # may leave nothing to export
    back = imported_back(graph)
    assert back.total_macs == graph.total_macs
    if all(is_told_in_torchs_words(node.layer) for node in graph):
        assert back.total_params == graph.total_params
    assert not back.unknown
