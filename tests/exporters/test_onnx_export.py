"""Graphs written as ONNX: a runtime computes from them what torch computes from the same weights."""

from __future__ import annotations

import sys

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import Phase, assume, given, settings
from onnx import ModelProto, numpy_helper

from costsim import reference
from costsim.errors import InputError
from costsim.exporters.onnx import onnx_model
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph import layers as L
from costsim.importers import load_network
from costsim.networks import build
from tests.reference.test_zoo import FAMILIES, small
from tests.strategies import RECIPES, layer_graphs

NOT_WRITTEN = {L.Recurrent, L.RoiAlign, L.ScatterAdd, L.Unknown}
OTHER_NUMBERS = (L.IndexSelect, L.GroupNorm)
"""Torch picks its own indices; a group norm's epsilon meets other variances."""


def computed(model: ModelProto, inputs: list[torch.Tensor]) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    return session.run(None, {n: x.numpy() for n, x in zip(names, inputs, strict=True)})


def with_weights_of(model: ModelProto, graph: LayerGraph) -> reference.Companion:
    """The torch module of the same graph, with the weights stored in the ONNX model."""
    module = reference.build(graph)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in graph:
        mine = [v for name, v in stored.items() if name.startswith(f"{node.name}/stored_") and v.dtype == np.float32]
        state = [tensor for tensor in module.steps[node.name].state_dict().values() if tensor.is_floating_point()]
        transposed = isinstance(node.layer, L.Linear) and len(node.shape) != 2
        for tensor, values in zip(state, mine, strict=False):
            tensor.copy_(torch.from_numpy((values.T if transposed else values).reshape(tensor.shape).copy()))
    return module


def in_torch(graph: LayerGraph) -> list[np.ndarray]:
    with torch.no_grad():
        outputs = with_weights_of(onnx_model(graph), graph).execute(reference.random_inputs(graph)).values()
    return [output.numpy() for output in outputs]


def assert_same_numbers(graph: LayerGraph) -> None:
    ours = computed(onnx_model(graph), reference.random_inputs(graph))
    for mine, theirs in zip(ours, in_torch(graph), strict=True):
        scale = max(float(np.abs(theirs).max()), 1.0)
        np.testing.assert_allclose(mine / scale, theirs / scale, atol=1e-4)


@given(layer_graphs(layers=set(RECIPES) - NOT_WRITTEN - set(OTHER_NUMBERS)))
@settings(max_examples=40, phases=[Phase.generate])  # a session takes a moment
def test_random_graphs_give_the_numbers_of_torch(graph: LayerGraph) -> None:
    assume(not any(isinstance(n.layer, L.Pool2d) and n.layer.function == "avg" and n.layer.ceil_mode for n in graph))
    try:
        onnx_model(graph)
    except InputError as error:
        assert "cannot be written as ONNX" in str(error)  # arithmetic that ONNX has no single word for
        assume(False)
    assume(all(np.isfinite(output).all() for output in in_torch(graph)))  # the logarithm of a random number
    assert_same_numbers(graph)


@pytest.mark.parametrize("name", ["shufflenet_v2_0.5x", "mobilenet_v3_small", "squeezenet_1_1"])
def test_networks_give_the_numbers_of_torch(name: str) -> None:
    assert_same_numbers(small(build(name)))


@pytest.mark.slow
@pytest.mark.parametrize("prefix", sorted(FAMILIES))
def test_one_network_of_each_family_comes_back_from_the_importer(prefix: str) -> None:
    graph = small(build(next(iter(FAMILIES[prefix].variants))))
    if any(type(node.layer) in NOT_WRITTEN for node in graph):
        pytest.skip("has a layer without a word in ONNX")
    assert load_network(onnx_model(graph)).total_macs == graph.total_macs


@pytest.mark.parametrize("name", ["densenet121", "efficientnet_b0", "vargnet_v1_g8_1x"])
def test_the_importer_reads_back_the_same_counts(name: str) -> None:
    graph = small(build(name))
    back = load_network(onnx_model(graph))
    assert (back.total_macs, back.total_params) == (graph.total_macs, graph.total_params)


def test_values_stay_in_range_through_many_layers() -> None:
    """Denormals and infinities would be timed at another speed."""
    net = NetBuilder("deep")
    x = net.input(1, 16, 8, 8)
    for _ in range(60):
        x = net.conv_bn(x, 16, 3)
    (output,) = computed(onnx_model(net.graph), reference.random_inputs(net.graph))
    assert 1e-6 < np.abs(output).max() < 1e6


def test_the_same_seed_gives_the_same_weights() -> None:
    graph = small(build("squeezenet_1_1"))
    assert onnx_model(graph, seed=1) == onnx_model(graph, seed=1)
    assert onnx_model(graph, seed=1) != onnx_model(graph, seed=2)


def test_a_layer_without_a_word_is_named() -> None:
    net = NetBuilder("odd")
    net.add(L.Unknown("FancyOp", (1, 8)), net.input(1, 8), name="fancy")
    with pytest.raises(InputError, match="odd: fancy"):
        onnx_model(net.graph)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"costsim\[onnx\]"):
        onnx_model(small(build("squeezenet_1_1")))
