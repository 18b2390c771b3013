"""Companions go through torch's legacy exporter: what a runtime of years ago can be given."""

from __future__ import annotations

import io
import warnings

import pytest
import torch

from costsim.graph import NetBuilder
from costsim.networks import build
from costsim.reference import build as companion
from costsim.reference import judge
from costsim.reference.layers.movement import ChannelShuffle


def exported(graph) -> int:
    given = tuple(torch.randn(node.shape) for node in graph.inputs)
    with warnings.catch_warnings(), io.BytesIO() as out:
        warnings.simplefilter("ignore")  # the exporter says that it is an old one
        torch.onnx.export(companion(graph), given, out, dynamo=False)
        return len(out.getvalue())


@pytest.mark.parametrize("network", ["shufflenet_v1_g3_0.5x", "shufflenet_v2_0.5x", "condensenet_v2_a"])
def test_networks_with_shuffles_are_exported(network: str) -> None:
    assert exported(build(network, input_shape=(1, 3, 64, 64))) > 1e5


@pytest.mark.parametrize("groups", [2, 3])
def test_the_shuffle_is_torch_s_own(groups: int) -> None:
    x = torch.randn(2, 12, 5, 7)
    assert torch.equal(ChannelShuffle(groups)(x), torch.nn.ChannelShuffle(groups)(x))


def test_a_shuffle_moves_its_map_once() -> None:
    net = NetBuilder("shuffled")
    net.shuffle(net.conv(net.input(1, 12, 5, 7), 12), 3)
    assert judge(net.graph).agrees
