"""Lines and groups worked out by hand: what streams, what waits, what may run together."""

from __future__ import annotations

import numpy as np
import pytest

from costsim.devices import RunConfig
from costsim.devices.accelerator.rules import buffer_rules
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph import layers as L
from costsim.hardware import load_profile
from costsim.lowering import lower
from costsim.scheduling.dataflow import Dataflow
from costsim.scheduling.searched import _allowed_groups
from costsim.scheduling.segments import Weights, segments
from costsim.scheduling.tiling import staircases
from costsim.scheduling.whole import whole_network_need
from costsim.simulate import simulate
from costsim.tables.optable import OpTable
from costsim.tables.plan import RESIDENT, STREAMED
from tests.long_network import long_network

LINE_BYTES = 8 * 4
"""Of maps of 8 pixels width and 4 channels, one byte each."""


def lowered(graph: LayerGraph) -> OpTable:
    return lower(graph, fusion={}, views=(), elem_bytes=1, weight_elem_bytes=1)


def two_branches() -> OpTable:
    """A 1x1 and a 5x5 convolution of one map, added."""
    net = NetBuilder("branches")
    x = net.input(1, 4, 8, 8)
    net.graph.add(L.Conv2d(4, 1), x.name, name="short", block="one")
    net.graph.add(L.Conv2d(4, 5, padding=(2, 2)), x.name, name="long", block="one")
    net.graph.add(L.Add(), "short", "long", name="sum", block="one")
    net.graph.add(L.Activation("relu"), "sum", name="relu", block="two")
    return lowered(net.graph)


def dataflow(ops: OpTable) -> Dataflow:
    return Dataflow.of(ops, ops.input_bytes[:, 0], ops.output_bytes[:, 0])


def test_a_short_branch_keeps_the_lines_that_wait_for_the_long_one():
    flow = dataflow(two_branches())
    at = {(int(s), int(r)): i for i, (s, r) in enumerate(zip(flow.source, flow.reader, strict=True))}
    assert flow.rolling_bytes[at[-1, 0]] == 2 * LINE_BYTES  # one under the window, one that arrives
    assert flow.rolling_bytes[at[-1, 1]] == 6 * LINE_BYTES
    assert flow.rolling_bytes[at[0, 2]] == (2 + 2) * LINE_BYTES  # the 5x5 window is two lines late
    assert flow.rolling_bytes[at[1, 2]] == 2 * LINE_BYTES


def test_two_lines_of_a_map_that_streams_off_the_chip_are_on_it():
    np.testing.assert_array_equal(dataflow(two_branches()).leaving_bytes, np.full(4, 2 * LINE_BYTES))


@pytest.mark.parametrize(
    ("plan", "groups"),
    [
        ("layer_by_layer", set()),
        ("block", {(0, 1), (1, 2), (0, 2)}),  # neighbours of a block, and the block; never two blocks
        ("fused", {(first, last) for first in range(4) for last in range(first + 1, 4)}),
    ],
)
def test_which_rows_may_run_as_one_group(plan: str, groups: set[tuple[int, int]]):
    ops = two_branches()
    allowed = _allowed_groups(ops, buffer_rules(ops, load_profile("embedded_buffer", {"runtime.plan": plan})))
    assert {(f, e) for f, e in np.argwhere(allowed).tolist() if f < e} == groups


def test_an_op_of_the_host_is_in_no_group():
    ops = two_branches()
    rules = buffer_rules(ops, load_profile("embedded_buffer"))
    on_host = np.array([False, True, False, False])
    allowed = _allowed_groups(ops, type(rules)(**{**vars(rules), "on_host": on_host}))
    assert {(f, e) for f, e in np.argwhere(allowed).tolist() if f < e} == {(2, 3)}


def test_a_group_streams_only_where_all_its_weights_have_room():
    flow = dataflow(two_branches())
    weights = Weights(np.array([100.0, 200.0, 0.0, 0.0]), np.zeros(4))
    enough, little = (segments(flow, weights, separate_weights=size).streamed_bytes for size in (300.0, 299.0))
    assert np.isfinite(enough[0, 3]) and np.isinf(little[0, 3])
    assert np.isfinite(little[1, 3]) and little[1, 3] == enough[1, 3]


@pytest.mark.parametrize(("weight_bytes", "mode"), [(16.0, STREAMED), (4096.0, RESIDENT)])
def test_a_whole_network_streams_where_its_lines_and_weights_are_less_than_its_maps(weight_bytes: float, mode: float):
    net = NetBuilder("chain")
    x = net.input(1, 4, 8, 8)
    for place in range(3):
        x = net.graph.add(L.Conv2d(4, 1), x.name, name=f"conv{place}")
    ops = lowered(net.graph)
    flow, all_weights = dataflow(ops), np.full(3, weight_bytes)
    tiles = staircases(ops, ops.input_bytes[:, 0], ops.output_bytes[:, 0], all_weights)
    need, found = whole_network_need(flow, Weights(all_weights, np.zeros(3)), tiles, None)
    maps = 2 * 8 * LINE_BYTES  # one that is read and one that is written
    lines = 3 * 2 * LINE_BYTES + 2 * LINE_BYTES  # two of each map, and of the one that leaves
    assert found == mode
    assert need == (lines + 3 * weight_bytes if mode == STREAMED else maps)


@pytest.mark.parametrize(("channels", "stored"), [(15, 16), (16, 16), (17, 17), (18, 18)])
def test_depthwise_convolutions_of_too_few_channels_alone_are_widened(channels: int, stored: int):
    net = NetBuilder("depthwise")
    x = net.input(1, channels, 8, 8)
    net.graph.add(L.Conv2d(channels, 3, padding=(1, 1), groups=channels), x.name, name="conv")
    ops = lowered(net.graph)
    profile = load_profile("stm32n6")
    assert profile.runtime.banked.least_depthwise_channels == 16
    rules = buffer_rules(ops, profile)
    assert rules.output_bytes[0] == pytest.approx(stored * 64)
    assert rules.banked is not None and rules.banked.copied_bytes[0] == pytest.approx(16 * 64 if channels < 16 else 0)


def test_a_sum_in_a_convolutions_kernel_may_overwrite_its_addend_and_nothing_else():
    net = NetBuilder("shortcut")
    x = net.input(1, 4, 8, 8)
    y = net.conv(x, 4, 3)
    net.add_tensors(net.conv(net.conv(y, 4, 3), 4, 3), y)
    fusion = {"conv": ("add",)}
    flow = dataflow(lower(net.graph, fusion=fusion, views=(), elem_bytes=1, weight_elem_bytes=1))
    assert flow.source.tolist() == [-1, 0, 1, 0]
    assert flow.reusable.tolist() == [False, False, False, True]


def test_a_window_as_wide_as_its_stride_waits_for_all_of_its_lines():
    net = NetBuilder("patches")
    x = net.input(1, 4, 8, 8)
    net.conv(x, 4, 2, stride=2, padding=0)
    net.conv(x, 4, 3)
    assert dataflow(lowered(net.graph)).lead_ratio.tolist() == [2 / 8, 2 / 8]


def test_a_long_row_of_tokens_keeps_the_lines_of_a_map_apart() -> None:
    """Tokens are one line each time: what a line of them waits for does not grow with the depth of the network."""
    graph = LayerGraph("tokens")
    x = graph.add(L.Input((1, 196, 64)), name="input")
    for depth in range(160):
        x = graph.add(L.Linear(64), x.name, name=f"linear{depth}")
    x = graph.add(L.Add(), x.name, "input", name="sum")
    assert np.isfinite(dataflow(lowered(graph)).rolling_bytes).all()


def test_lines_are_counted_the_same_after_any_number_of_shuffles():
    """A device that shuffles channels in parts turns maps into tensors of one line and back, two hundred times here."""
    graph = long_network(units=20)
    ops = simulate(graph, load_profile("ethos_u55_256"), RunConfig("int8")).ops
    flow = Dataflow.of(ops, ops.input_bytes[:, 0], ops.output_bytes[:, 0])
    each = len(flow.source) // 200
    units = flow.rolling_bytes[: each * 200].reshape(200, each)
    assert (units[150] == units[5]).all()
