"""Ops that read nothing but stored tensors are priced like any other, on every family."""

from __future__ import annotations

import pytest

import costsim
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph.layers import Constant


def positioned() -> LayerGraph:
    """A projection of stored features added to a map, as EdgeNeXt has it."""
    net = NetBuilder("positioned")
    x = net.conv(net.input(1, 3, 32, 32), 16, 3)
    features = net.add(Constant((1, 8, 32, 32), trainable=False))
    net.conv(net.add_tensors(x, net.conv(features, 16, bias=True)), 4, 3)
    return net.graph


@pytest.mark.parametrize("hw", ["rpi4b", "rtx_3090", "edge_tpu", "ethos_u65_512", "stm32n6", "nvdla", "stm32h743"])
def test_a_convolution_of_a_stored_tensor_is_priced(hw: str) -> None:
    analysis = costsim.analyze(positioned(), hw)
    assert analysis.summary["latency_ms"] > 0
    macs = {record["name"]: record["macs"] for record in analysis.layer_records}
    assert macs["conv_2"] == 8 * 16 * 32 * 32
