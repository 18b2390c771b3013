"""The measures, each against an example of its paper worked out by hand."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import numpy as np
import pytest

import costsim
from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.lowering import lower
from costsim.measures import BY_NAME, MEASURES, Parts, measure
from costsim.measures.formulas import block_intensity_ratio
from costsim.measures.page import page
from costsim.measures.parts import OUTSIDE
from costsim.networks import build
from costsim.networks.vargnet_blocks import Style, normal_block
from costsim.simulate import given_elems

ROOT = Path(__file__).resolve().parents[2]
FUSED = dict.fromkeys(("conv", "grouped_conv", "depthwise_conv"), ("batch_norm", "relu", "add"))


def part(graph: LayerGraph, block: str | None = None) -> Parts:
    """The rows of a block of a network on a runtime that fuses norms, activations and sums."""
    ops = lower(graph, fusion=FUSED, views={"slice", "concat"}, elem_bytes=4.0, weight_elem_bytes=4.0)
    part_of = [0 if block in (None, label.block) else OUTSIDE for label in ops.labels]
    return Parts.by(part_of, ops, given_elems(graph))


def values(graph: LayerGraph, block: str | None = None) -> dict[str, float | None]:
    own = part(graph, block)
    return measure(own, np.ones((len(own.rows), 1)))[0]


def pointwise(c1: int, c2: int, side: int = 56) -> LayerGraph:
    net = NetBuilder("pointwise")
    net.conv(net.input(1, c1, side, side), c2)
    return net.graph


@pytest.mark.parametrize(("c1", "c2"), [(128, 128), (90, 180), (52, 312), (36, 432)])
def test_g1_equation_1_and_its_bound(c1: int, c2: int) -> None:
    """Table 1: ``hw (c1 + c2) + c1 c2`` against ``2 sqrt(hw B) + B / hw``."""
    hw, b = 56 * 56, 56 * 56 * c1 * c2
    found = values(pointwise(c1, c2))
    assert found["access_ratio"] == pytest.approx((hw * (c1 + c2) + c1 * c2) / (2 * sqrt(hw * b) + b / hw), rel=1e-12)
    assert found["channel_ratio"] == c2 / c1
    assert (found["access_ratio"] == pytest.approx(1.0)) == (c1 == c2)


@pytest.mark.parametrize(("g", "c"), [(2, 180), (4, 256), (8, 360)])
def test_g2_groups_at_equal_multiply_accumulates(g: int, c: int) -> None:
    """Table 2: maps sqrt(g) times as thick, ``2 hw c + c^2/g`` against ``2 hw c/sqrt(g) + c^2/g``."""
    net = NetBuilder("grouped")
    net.conv(net.input(1, c, 56, 56), c, groups=g, bias=True)
    hw = 56 * 56
    found = values(net.graph)
    assert found["group_access_ratio"] == pytest.approx((2 * hw * c + c * c / g) / (2 * hw * c / sqrt(g) + c * c / g))
    assert (found["groups"], found["grouped_macs_ratio"], found["fragments"]) == (g, 1, g)
    assert values(pointwise(c, c))["group_access_ratio"] is None


def structure(fragments: int, *, parallel: bool) -> LayerGraph:
    """A block of the appendix, Figure 1: 1x1 convolutions in a row, or side by side and summed."""
    net = NetBuilder("fragments")
    x = net.input(1, 64, 56, 56)
    if parallel and fragments > 1:
        net.add_tensors(*(net.conv_bn(x, 64) for _ in range(fragments)))
    else:
        for _ in range(fragments):
            x = net.conv_bn(x, 64)
    return net.graph


@pytest.mark.parametrize(
    ("fragments", "parallel", "steps", "branches"),
    [(1, False, 1, 1), (2, False, 2, 1), (4, False, 4, 1), (2, True, 1, 2), (4, True, 1, 4)],
)
def test_g3_the_structures_of_table_3(fragments: int, parallel: bool, steps: int, branches: int) -> None:
    found = values(structure(fragments, parallel=parallel))
    assert [found[name] for name in ("fragments", "steps", "branches")] == [fragments, steps, branches]
    assert found["fragmentation_ratio"] == fragments / steps
    path = found["critical_path_ratio"] * found["kernels"]  # every op takes one second here
    assert path == pytest.approx(2 if branches > 1 else steps)  # the last branch adds the others to its own


def test_g3_a_cell_of_nasnet_has_13_fragments_and_a_unit_of_resnet_2_or_3() -> None:
    """Section 3, G3: 13 individual convolutions or poolings in a block of NASNet-A, 2 or 3 in one of ResNet."""

    def separable(x: Tensor, kernel: int) -> Tensor:
        return net.conv_bn(net.depthwise_bn(x, kernel), 44)

    def pooled(x: Tensor) -> Tensor:
        return net.avg_pool(x, 3, 1, padding=1)

    net = NetBuilder("nasnet_cell")
    h, before = net.input(1, 44, 28, 28), net.input(1, 44, 28, 28)
    pairs = [
        (separable(h, 3), h),
        (separable(before, 3), separable(h, 5)),
        (pooled(h), before),
        (pooled(before), pooled(before)),
        (separable(before, 5), separable(before, 3)),
    ]
    net.concat(*(net.add_tensors(*pair) for pair in pairs))
    assert values(net.graph)["fragments"] == 13
    assert values(build("resnet18"), "conv3_x.unit2")["fragments"] == 2
    assert values(build("resnet50"), "conv3_x.unit2")["fragments"] == 3


def test_g4_element_wise_ops_of_their_own() -> None:
    net = NetBuilder("elementwise")
    x = net.input(1, 8, 10, 10)
    y = net.conv(x, 8)
    net.shuffle(net.act(net.add_tensors(net.max_pool(y, 1), x)), 2)
    found = values(net.graph)  # 800 elements a map: the sum reads 2, the activation and the shuffle 1, all write 1
    assert found["elementwise_elems"] == 7 * 800
    everything = 7 * 800 + 2 * 800 + (2 * 800 + 64)
    assert found["elementwise_access_ratio"] == pytest.approx(7 * 800 / everything)
    assert found["elementwise_time_ratio"] == 3 / 5


def test_v1_only_the_input_and_the_output_of_a_block_cross_its_borders() -> None:
    """Proposition 1: 2 HWC for a normal block, whose layers read and write 12 HWC and the sum 3."""
    net = NetBuilder("normal")
    with net.block("normal"):
        normal_block(net, net.input(1, 64, 14, 14), Style(8))
    assert values(net.graph)["border_elems"] == 2 * 14 * 14 * 64


def test_v1_a_shortcut_is_a_tensor_of_the_block_it_enters() -> None:
    net = NetBuilder("shortcut")
    x = net.input(1, 4, 8, 8)
    with net.block("a"):
        y = net.conv(x, 4, 3)
    with net.block("b"):
        net.concat(net.conv(y, 4, 3), net.conv(x, 4, 3))
    found = values(net.graph)
    assert found["border_elems"] == (256 + 256) + (256 + 256 + 2 * 256)


@pytest.mark.parametrize(("kernel", "groups", "least"), [(3, 256, 9), (1, 1, 256), (3, 32, 72)])
def test_v2_intensity_of_the_papers_example(kernel: int, groups: int, least: int) -> None:
    """28x28x256: 9 multiply-accumulates an element in a depthwise layer, 256 in a 1x1, 72 in groups of 8."""
    net = NetBuilder("layer")
    net.conv(net.input(1, 256, 28, 28), 256, kernel, groups=groups)
    found = values(net.graph)
    assert found["least_intensity"] == found["most_intensity"] == least


def test_v2_the_ratio_is_that_inside_a_block() -> None:
    net = NetBuilder("pair")
    with net.block("unit"):
        x = net.conv_bn(net.depthwise_bn(net.input(1, 256, 28, 28)), 256)
    with net.block("dense"):
        net.conv_bn(x, 256, 3)
    found = values(net.graph)
    assert (found["least_intensity"], found["most_intensity"]) == (9, 9 * 256)
    assert found["intensity_ratio"] == pytest.approx(256 / 9)
    assert values(net.graph, "dense")["intensity_ratio"] == 1


@pytest.mark.parametrize("c", [32, 64, 128, 256, 512])
def test_v3_weights_and_buffers_of_a_normal_block(c: int) -> None:
    """``4 k^2 G C + 4 C^2`` weights; whole maps: the input for the shortcut, C to 2C or 2C to C beside it."""
    net = NetBuilder("normal")
    normal_block(net, net.input(1, c, 14, 14), Style(8))
    found = values(net.graph)
    assert found["conv_weight_elems"] == 4 * 9 * 8 * c + 4 * c * c
    biases = 2 * c + c + 2 * c + c
    maps = (c + c + 2 * c) * 14 * 14
    assert found["buffer_bytes"] == 4 * (4 * 9 * 8 * c + 4 * c * c + biases + maps)
    assert found["pair_buffer_bytes"] < found["line_buffer_bytes"] < found["buffer_bytes"]


def test_v3_lines_under_the_kernel() -> None:
    """One 3x3 and one 1x1 convolution over 10 columns: 3 lines and 1, and one line each writes."""
    net = NetBuilder("pair")
    net.conv(net.conv(net.input(2, 4, 8, 10), 6, 3), 5)
    weights, lines = 4 * 6 * 9 + 6 * 5, 3 * 10 * 4 + 10 * 6 + 10 * 6 + 10 * 5
    found = values(net.graph)
    assert found["line_buffer_bytes"] == found["pair_buffer_bytes"] == 4 * (weights + lines)


def test_what_a_part_has_none_of_is_null() -> None:
    net = NetBuilder("vectors")
    net.act(net.input(1, 8))
    found = values(net.graph)
    nothing = ("access_ratio", "channel_ratio", "group_access_ratio", "grouped_macs_ratio", "fragmentation_ratio")
    assert [found[name] for name in (*nothing, "least_intensity", "intensity_ratio")] == [None] * 7
    assert (found["fragments"], found["elementwise_access_ratio"], found["border_elems"]) == (0, 1, 16)


def test_families_are_in_the_order_the_paper_says() -> None:
    """Section 4: ShuffleNet v1 breaks G1 to G4, MobileNet v2 G1; v2 was made to keep them."""
    of = {name: costsim.analyze(name, "snapdragon_810_paper").measures for name in (
        "shufflenet_v1_g3_1x", "shufflenet_v2_1x", "mobilenet_v1_1x", "mobilenet_v2_1x", "densenet121", "vargnet_v1_1x",
    )}  # fmt: skip
    for other in ("shufflenet_v1_g3_1x", "mobilenet_v2_1x", "densenet121"):
        assert of["shufflenet_v2_1x"]["access_ratio"] < of[other]["access_ratio"]
    assert of["shufflenet_v1_g3_1x"]["group_access_ratio"] > 1.5
    assert of["shufflenet_v2_1x"]["group_access_ratio"] is None
    assert of["shufflenet_v2_1x"]["fragmentation_ratio"] < of["shufflenet_v1_g3_1x"]["fragmentation_ratio"]
    assert of["mobilenet_v1_1x"]["elementwise_access_ratio"] < of["densenet121"]["elementwise_access_ratio"]
    assert of["vargnet_v1_1x"]["border_elems"] < of["mobilenet_v1_1x"]["border_elems"] / 3
    assert of["vargnet_v1_1x"]["intensity_ratio"] < of["mobilenet_v1_1x"]["intensity_ratio"]


@pytest.mark.parametrize("hw", ["arm_a53", "gtx_1080ti", "npu"])
def test_an_analysis_holds_them_everywhere(hw: str) -> None:
    analysis = costsim.analyze("shufflenet_v2_1x", hw)
    document = analysis.to_dict()
    assert document["totals"]["measures"] == analysis.measures
    assert set(analysis.measures) == set(BY_NAME)
    for level in ("blocks", "stages"):
        assert all(set(record["measures"]) == set(BY_NAME) for record in document[level])
    for name in ("fragments", "kernels", "elementwise_elems", "border_elems"):
        assert analysis.blocks[name].sum() == analysis.totals[name].iloc[0]
    for name in ("intensity_ratio", "buffer_bytes"):
        assert analysis.blocks[name].max() == analysis.totals[name].iloc[0]
    assert analysis.measures["kernels"] == len(analysis.simulation.ops)


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "measures.md").read_text(encoding="utf-8") == page(), "run 'make docs'"
    assert len({row.name for row in MEASURES}) == len(MEASURES)


@pytest.mark.parametrize(("c", "group_channels", "kernel", "ratio"), [(72, 8, 3, 1), (200, 8, 5, 1), (144, 1, 3, 16)])
def test_v2_a_block_of_vargnet_is_balanced_where_its_channels_are_the_windows_of_a_group(
    c: int, group_channels: int, kernel: int, ratio: float
) -> None:
    pointwise, grouped = c * c, c * group_channels * kernel**2
    assert block_intensity_ratio(c, group_channels, kernel) == ratio == pointwise / grouped
