"""Composite layers and their parts compute the same numbers in torch."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from costsim.graph import LayerGraph  # noqa: E402
from costsim.graph import layers as L  # noqa: E402
from costsim.lowering.parts import in_parts  # noqa: E402
from costsim.reference import build  # noqa: E402
from costsim.tables.words import word  # noqa: E402

WITHOUT_CONSTANTS = [
    L.ChannelShuffle(4),
    L.LayerNorm(affine=False),
    L.RmsNorm(affine=False),
    L.Activation("mish"),
    L.Activation("swish"),
]
"""A hard sigmoid adds and multiplies numbers that a layer graph does not hold."""


@pytest.mark.parametrize("layer", WITHOUT_CONSTANTS, ids=lambda layer: layer.op)
def test_parts_compute_what_the_whole_computes(layer: L.Layer) -> None:
    graph = LayerGraph(layer.op)
    graph.add(L.Input((1, 16, 8, 8)), name="input")
    graph.add(layer, "input", name="whole")
    apart, _ = in_parts(graph, {"input", *word(layer.op).parts})
    assert len(apart) > len(graph)
    values = torch.randn(1, 16, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(build(apart)(values), build(graph)(values), rtol=1e-4, atol=1e-4)
