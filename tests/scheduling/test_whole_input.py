"""What needs the whole of its input is never streamed through line by line."""

from __future__ import annotations

import pytest

from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.graph import layers as L
from costsim.graph.builder import NetBuilder
from costsim.hardware import load_profile
from costsim.simulate import simulate


def between_convolutions(layer: L.Layer) -> LayerGraph:
    net = NetBuilder("normed")
    x = net.conv(net.input(1, 64, 56, 56), 64, 3)
    net.graph.add(layer, x.name, name="middle")
    net.graph.add(L.Conv2d(64, 3), "middle", name="last")
    return net.graph


def off_chip(layer: L.Layer) -> float:
    profile = load_profile("embedded_buffer", {"memory.onchip.size": "64 KiB"})
    return float(simulate(between_convolutions(layer), profile, RunConfig.of(profile)).costs.traffic["dram"].sum())


@pytest.mark.parametrize("layer", [L.GroupNorm(8), L.GroupNorm(64), L.LayerNorm()], ids=["group", "instance", "layer"])
def test_a_norm_over_the_map_waits_for_its_last_line(layer: L.Layer) -> None:
    """Its mean is known when all of the map is there: the map goes out and comes back."""
    one_map = 64 * 56 * 56
    assert off_chip(layer) >= off_chip(L.Activation("relu")) + 2 * one_map
