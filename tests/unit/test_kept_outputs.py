"""Outputs that layers read further on: they are written out, live to the end, and nothing is fused over them."""

from __future__ import annotations

from pathlib import Path

import pytest

import costsim
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph import layers as L
from costsim.importers import load_network
from costsim.importers.json import from_dict, to_dict
from tests.importers.test_onnx_weights import node, weight

MAP, WIDE = 8 * 16 * 16 * 4, 256 * 4 * 4 * 4
"""Bytes of the map that is kept, and of the two that come after it."""


def pyramid(kept: bool) -> LayerGraph:
    net = NetBuilder("pyramid")
    x = net.conv(net.input(1, 8, 16, 16), 8)
    if kept:
        net.output(x)
    net.conv(net.conv(net.max_pool(net.act(x), 4, 4), 256), 256)
    return net.graph


def peak(network: object) -> int:
    return int(costsim.analyze(network, "rpi4b").to_dict()["totals"]["peak_activation_bytes"])


def test_what_is_kept_is_held_while_the_largest_maps_exist() -> None:
    assert peak(pyramid(kept=True)) == MAP + 2 * WIDE
    assert peak(pyramid(kept=False)) == 2 * WIDE


def test_nothing_is_fused_over_an_output() -> None:
    rows = {kept: len(costsim.analyze(pyramid(kept), "rpi4b").layer_records) for kept in (False, True)}
    assert rows[True] == rows[False] + 1


@pytest.mark.parametrize("hw", ["rpi4b", "gtx_1080ti", "embedded_buffer", "ethos_u55_128", "epyc_zen4"])
def test_keeping_an_output_never_saves_memory_traffic(hw: str) -> None:
    moved = [costsim.analyze(pyramid(kept), hw).summary["dram_bytes"] for kept in (False, True)]
    assert moved[1] >= moved[0]


def test_it_is_written_and_read_like_any_layer() -> None:
    graph = pyramid(kept=True)
    assert from_dict(to_dict(graph)).same_layers(graph)
    assert [out.layer.op for out in graph.outputs] == ["output", "conv"]


def test_onnx_outputs_that_are_read_on_are_kept() -> None:
    from onnx import TensorProto, helper

    nodes = [node("Conv", ["x", "w"], ["p3"]), node("Relu", ["p3"], ["p4"]), node("Reshape", ["p4", "s"], ["p5"])]
    from tests.importers.test_onnx_weights import ints

    declared = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("p3", "p4", "p5")]
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8, 4, 4])]
    stored = [weight("w", 8, 8, 1, 1), ints("s", [1, -1])]
    model = helper.make_model(helper.make_graph(nodes, "net", given, declared, stored))
    graph = load_network(model)
    assert sorted(out.inputs[0] for out in graph.outputs if isinstance(out.layer, L.Output)) == ["p3", "p4"]


def test_a_module_that_returns_the_levels_of_a_pyramid_keeps_them() -> None:
    torch = pytest.importorskip("torch")

    class Pyramid(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = torch.nn.Conv2d(3, 4, 3), torch.nn.Conv2d(4, 4, 3)

        def forward(self, x: object) -> dict[str, object]:
            low = self.a(x)
            return {"low": low, "high": self.b(low)}

    graph = load_network(Pyramid(), (3, 8, 8))
    assert [out.name for out in graph.outputs] == ["b", "a.output"]


def test_an_ncnn_blob_that_is_split_and_left_over_is_kept(tmp_path: Path) -> None:
    lines = [
        "7767517", "4 5", "Input data 0 1 x 0=8 1=8 2=3", "Convolution c 1 1 x a 0=4 1=1 5=0 6=12",
        "Split s 1 2 a left right", "ReLU r 1 1 right y",
    ]  # fmt: skip
    path = tmp_path / "net.param"
    path.write_text("\n".join(lines))
    assert [out.layer.op for out in load_network(path).outputs] == ["relu", "output"]
