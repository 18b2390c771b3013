"""Edits keep what they promise: macs, shapes, and where they say so the function itself."""

from __future__ import annotations

import pytest

from costsim import Network
from costsim.edit import (
    balance_channels,
    change_groups,
    fewer_groups,
    fix_group_channels,
    merge_branches,
    round_widths,
    scale_widths,
    strided_access,
    without_elementwise,
)
from costsim.edit.widths import Plan, Widths
from costsim.errors import InputError
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph.layers import Add


def names(graph: LayerGraph, block: str) -> list[str]:
    return [node.name for node in graph if node.block.startswith(block)]


def conv_widths(graph: LayerGraph, block: str) -> set[int]:
    return {node.shape[1] for node in graph if node.block.startswith(block) and node.layer.op == "conv"}


@pytest.mark.parametrize(
    ("edit", "network", "block"),
    [
        (balance_channels, "mobilenet_v2_1x", "stage3"),
        (balance_channels, "shufflenet_v1_g3_1x", "stage2"),
        (balance_channels, "resnet50", "conv3_x"),
        (fewer_groups, "shufflenet_v1_g3_1x", "stage3"),
        (fewer_groups, "shufflenet_v1_g8_1x", "stage3"),
        (fewer_groups, "resnext50_32x4d", "conv4_x"),
        (fix_group_channels, "mobilenet_v1_1x", "pair4"),
        (fix_group_channels, "mobilenet_v2_1x", "stage4"),
    ],
)
def test_trades_keep_macs_within_one_percent_and_the_output(edit, network, block):
    graph = Network(network).graph
    changed = edit(graph, names(graph, block))
    assert changed.total_macs == pytest.approx(graph.total_macs, rel=0.01)
    assert [node.shape for node in changed.outputs] == [node.shape for node in graph.outputs]
    assert [node.name for node in changed] == [node.name for node in graph]
    assert any(changed[node.name].layer != node.layer for node in graph)


def test_balancing_makes_all_widths_of_the_part_one_number():
    graph = Network("mobilenet_v2_1x").graph
    assert len(conv_widths(graph, "stage3")) == 3
    assert len(conv_widths(balance_channels(graph, names(graph, "stage3")), "stage3")) == 1


@pytest.mark.parametrize(
    ("network", "block", "multiple"), [("mobilenet_v2_1x", "stage3", 8), ("resnet50", "conv3_x", 4)]
)
def test_new_widths_are_multiples_of_eight_or_else_of_four_where_those_keep_the_macs(network, block, multiple):
    graph = Network(network).graph
    widths = conv_widths(balance_channels(graph, names(graph, block)), block)
    assert all(width % multiple == 0 for width in widths)


def test_one_group_turns_resnext_into_resnet():
    graph = Network("resnext50_32x4d").graph
    changed = change_groups(graph, names(graph, "conv3_x"), 1)
    assert {changed[name].layer.groups for name in names(graph, "conv3_x") if changed[name].layer.op == "conv"} == {1}


def test_groups_of_fixed_channels_replace_depthwise_convolutions():
    graph = Network("mobilenet_v1_1x").graph
    changed = fix_group_channels(graph, names(graph, "pair6"), 8)
    conv = next(changed[name] for name in names(graph, "pair6") if changed[name].layer.kernel == (3, 3))
    assert changed[conv.inputs[0]].shape[1] // conv.layer.groups == 8


def test_shortcuts_follow_the_width_of_what_they_are_added_to():
    graph = Network("resnet50").graph
    first, *rest = (
        n.name for n in graph if n.block.startswith("conv3_x") and n.layer.op == "conv" and n.shape[1] == 512
    )
    changed = Widths(graph).apply(Plan({first: 400}))
    assert {changed[name].shape[1] for name in (first, *rest)} == {400}


def test_an_edit_that_would_change_the_output_is_refused():
    net = NetBuilder("tiny")
    y = net.conv(net.input(1, 8, 4, 4), 16)
    with pytest.raises(InputError, match="changes the network's output"):
        Widths(net.graph).apply(Plan({y.name: 8}))


def test_no_whole_channels_at_equal_macs_is_said():
    net = NetBuilder("narrow")
    x = net.conv(net.conv(net.input(1, 4, 8, 8), 2), 3)
    net.conv(x, 2)
    with pytest.raises(InputError, match="within 1 %"):
        balance_channels(net.graph, ["conv_1", "conv_2"])


def test_widths_that_nothing_leaves_free_are_said():
    graph = Network("condensenet_v2_a").graph
    with pytest.raises(InputError, match="no channel count is free"):
        round_widths(graph, names(graph, "dense1.layer1.reactivation"), 8)


def test_strided_access_leaves_movement_in_the_graph_and_out_of_the_op_table():
    graph = Network("shufflenet_v2_1x").graph
    changed = strided_access(graph, names(graph, "stage3"))
    assert [type(node.layer) for node in changed] == [type(node.layer) for node in graph]
    assert not {"slice", "concat", "channel_shuffle"} & {changed[n].layer.op for n in names(graph, "stage3")}


def test_dropping_a_sum_keeps_the_branch():
    graph = Network("mobilenet_v2_1x").graph
    sums = [node for node in graph if isinstance(node.layer, Add)]
    changed = without_elementwise(graph, [node.name for node in sums])
    assert len(changed) == len(graph) - len(sums)
    assert changed.total_macs == graph.total_macs


def inception_like() -> LayerGraph:
    net = NetBuilder("branches")
    x = net.input(1, 16, 8, 8)
    a, b, c = net.conv_bn(x, 8), net.conv_bn(x, 12), net.conv_bn(x, 4, act=None)
    net.concat(net.conv(a, 6, 3), b, c)
    return net.graph


def test_merging_branches_joins_only_what_is_alike():
    graph = inception_like()
    changed = merge_branches(graph, [node.name for node in graph])
    assert changed.total_macs == graph.total_macs
    convs = [node for node in changed if node.layer.op == "conv"]
    assert [node.shape[1] for node in convs] == [20, 4, 6]  # 8 + 12 with ReLU, 4 without, and the 3x3


@pytest.mark.parametrize(("width", "scaled"), [(20, 14), (64, 48), (100, 72)])
def test_scaled_widths_are_whole_multiples_of_eight_where_they_hold_four_of_them(width, scaled):
    net = NetBuilder("two")
    net.conv(net.conv(net.input(1, 3, 8, 8), width, 3), 10, 1)
    assert scale_widths(net.graph, 0.7)["conv_1"].shape[1] == scaled


def test_a_depthwise_convolution_whose_channels_are_given_and_no_whole_groups_is_left():
    net = NetBuilder("given")
    x = net.conv(net.input(1, 12, 16, 16), 12, 3, groups=12)
    x = net.conv(x, 1024, 1)
    net.conv(net.conv(x, 1024, 3, groups=1024), 32, 1)
    edited = fix_group_channels(net.graph, ["conv_1", "conv_2", "conv_3"])
    first, later = edited["conv_1"].layer, edited["conv_3"].layer
    assert first.groups == 12 and later.groups * 8 == edited["conv_2"].shape[1]
