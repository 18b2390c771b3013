"""What fuses, what is a view, and what the op table says of it."""

import numpy as np
import pytest

from costsim.graph import NetBuilder
from costsim.graph import layers as L
from costsim.lowering import lower
from costsim.tables.costtable import CostTable, combine
from costsim.tables.liveness import live_bytes
from costsim.tables.optable import MAC, MOVE, OpTable
from costsim.tables.schema import columns_of

RULES = {"conv": ("batch_norm", "relu", "add"), "depthwise_conv": ("batch_norm",)}


def table(net, fusion=RULES, views=("reshape",)):
    return lower(net.graph, fusion=fusion, views=views, elem_bytes=4.0, weight_elem_bytes=4.0)


def test_a_convolution_takes_its_norm_and_activation():
    net = NetBuilder("net")
    net.conv_bn(net.input(1, 3, 8, 8), 4, 3)
    ops = table(net)
    assert [label.layers for label in ops.labels] == [("conv_1", "batch_norm_1", "relu_1")]
    assert ops.kind[0, 0] == MAC
    assert ops.params[0, 0] == 4 * 27 + 8
    assert ops.weight_elems[0, 0] == 4 * 27 + 4, "the norm folds into one bias a channel"
    assert ops.flops[0, 0] == 2 * ops.macs[0, 0] + 2 * 4 * 64, "bias and relu"


def test_a_norm_behind_an_activation_folds_into_nothing():
    net = NetBuilder("net")
    net.bn(net.act(net.conv(net.input(1, 3, 8, 8), 4, 3)))
    ops = table(net, fusion={"conv": ("relu", "batch_norm")})
    assert [label.op for label in ops.labels] == ["conv", "batch_norm"]
    assert ops.weight_elems[1, 0] == 8, "scale and shift stay"


def test_without_rules_every_layer_runs_alone():
    net = NetBuilder("net")
    net.conv_bn(net.input(1, 3, 8, 8), 4, 3)
    assert [label.op for label in table(net, fusion={}).labels] == ["conv", "batch_norm", "relu"]


def test_an_output_that_others_read_too_is_not_swallowed():
    net = NetBuilder("net")
    x = net.conv(net.input(1, 4, 8, 8), 4, 3)
    net.add_tensors(net.act(x), x)
    assert [label.op for label in table(net).labels] == ["conv", "relu", "add"]


def test_of_two_convolutions_the_later_one_takes_the_add():
    net = NetBuilder("net")
    x = net.input(1, 4, 8, 8)
    net.act(net.add_tensors(net.conv(x, 4, 3), net.conv(x, 4, 1)))
    ops = table(net)
    assert [label.layers for label in ops.labels] == [("conv_1",), ("conv_2", "add_1", "relu_1")]
    assert ops.producers == ((-1,), (-1, 0))
    assert ops.input_elems[1, 0] == 2 * 4 * 64, "the add's other operand is read too"


def test_a_chain_runs_only_when_all_it_reads_is_there():
    net = NetBuilder("net")
    x = net.input(1, 4, 8, 8)
    early = net.conv(x, 4, 1)
    late = net.act(net.max_pool(x, 3, 1, padding=1))
    net.add_tensors(late, early)
    ops = table(net)
    for row, producers in enumerate(ops.producers):
        assert all(producer < row for producer in producers)


def test_views_are_read_through():
    net = NetBuilder("net")
    x = net.conv(net.input(1, 4, 8, 8), 8, 1)
    a, b = net.split(x, 4, 4)
    net.concat(net.conv(a, 4, 3), b)
    copies = table(net)
    views = table(net, views=("slice", "reshape"))
    assert [label.op for label in copies.labels] == ["conv", "slice", "slice", "conv", "concat"]
    assert [label.op for label in views.labels] == ["conv", "conv", "concat"]
    assert views.producers == ((-1,), (0,), (1, 0))
    assert views.input_elems[1, 0] == 4 * 64, "a view of half the channels reads half"
    assert copies.kind[1, 0] == MOVE
    assert copies.macs[1, 0] == copies.flops[1, 0] == 0


def test_depthwise_grouped_and_dense_are_told_apart():
    net = NetBuilder("net")
    x = net.input(1, 8, 8, 8)
    for groups in (1, 4, 8):
        net.conv(x, 8, 3, groups=groups)
    net.conv(x, 8, 1)
    net.conv(x, 8, (1, 3))
    net.conv(x, 8, (3, 1))
    assert [label.op_class for label in table(net).labels] == [
        "spatial conv", "grouped conv", "depthwise conv", "pointwise conv", "spatial conv", "spatial conv",
    ]  # fmt: skip


def test_live_bytes_of_a_chain_and_of_a_shortcut():
    net = NetBuilder("net")
    x = net.input(1, 4, 8, 8)
    y = net.conv(x, 8, 1)
    z = net.conv(y, 2, 1)
    net.concat(z, y)
    tensor = 4 * 64  # bytes of one channel
    assert live_bytes(table(net))[:, 0].tolist() == [12 * tensor, 10 * tensor, 20 * tensor]


def test_taking_rows_keeps_columns_and_labels():
    net = NetBuilder("net")
    net.conv(net.conv(net.input(1, 4, 8, 8), 8, 1), 2, 1)
    one = table(net).take(np.array([1, 1]))
    assert [label.name for label in one.labels] == ["conv_2", "conv_2"]
    assert one.c_in[:, 0].tolist() == [8, 8]
    assert not one.edges[0].size


def test_networks_of_a_table_are_what_they_were():
    nets = [NetBuilder("chain"), NetBuilder("shortcut")]
    nets[0].conv(nets[0].conv(nets[0].input(1, 4, 8, 8), 8, 1), 2, 1)
    x = nets[1].conv(nets[1].input(1, 4, 8, 8), 8, 1)
    nets[1].add_tensors(nets[1].conv(x, 8, 3), x)
    alone = [table(net) for net in nets]
    joined = OpTable.join([*alone, alone[0]])
    assert joined.starts == (0, 2, 4 if len(alone[1]) == 2 else 5)
    picked = joined.at_networks(np.array([1, 0]))
    assert picked.producers == OpTable.join(alone[::-1]).producers
    for found, wanted in zip(joined.split(), [*alone, alone[0]], strict=True):
        assert found.labels == wanted.labels
        assert found.producers == wanted.producers
        np.testing.assert_array_equal(found.macs, wanted.macs)
        np.testing.assert_array_equal(live_bytes(found), live_bytes(wanted))
    np.testing.assert_array_equal(live_bytes(joined), np.concatenate([live_bytes(t) for t in [*alone, alone[0]]]))


def test_every_column_says_its_unit_and_meaning():
    assert all(column.unit and column.meaning for column in columns_of(OpTable))


@pytest.mark.parametrize("scale", [1.0, 1e-30])
@pytest.mark.parametrize(
    ("overlap", "expected"),
    [(1.0, 7.0), (2.0, 5.0), (4.0, 337**0.25), (20.0, (3**20 + 4**20) ** 0.05), (np.inf, 4.0)],
)
def test_ceilings_combine_to_their_p_norm(overlap, expected, scale):
    a, b = np.array([[3.0 * scale]]), np.array([[4.0 * scale]])
    assert combine([a, b], overlap)[0, 0] == pytest.approx(expected * scale)


def test_every_point_may_overlap_in_its_own_way():
    a, b = np.array([[3.0]]), np.array([[4.0]])
    together = combine([a, b], np.array([[1.0, 2.0, 40.0, np.inf]]))
    np.testing.assert_allclose(together, [[7.0, 5.0, (3.0**40 + 4.0**40) ** 0.025, 4.0]])


def test_lifting_a_limit_and_near_ties():
    costs = CostTable(
        ceilings={"compute": np.array([[4.0]]), "dram": np.array([[3.9]])},
        overheads={"dispatch": np.array([[1.0]])},
        traffic={"dram": np.array([[0.0]])},
    )
    assert costs.latency_s[0, 0] == 5.0
    assert costs.without(["compute"])[0, 0] == pytest.approx(4.9)
    assert costs.without(["compute", "dram", "dispatch"])[0, 0] == 0.0
    assert costs.near_ties()[0] == ("compute", "dram")


@pytest.mark.parametrize(("second_s", "reported"), [(9.0, True), (8.99, False), (8.5, False)])
def test_a_limit_is_a_near_tie_within_a_tenth_of_the_largest(second_s, reported):
    ceilings = {"compute": np.array([[10.0]]), "l2": np.array([[second_s]])}
    costs = CostTable(ceilings=ceilings, overheads={}, traffic={"dram": np.array([[0.0]])})
    assert costs.near_ties()[0] == (("compute", "l2") if reported else ("compute",))


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "padding", "fused"),
    [
        (8, 2, 2, 0, True),  # every window lies on the map
        (9, 2, 2, 0, False),  # so does the line that is left over
        (8, 3, 2, 0, False),  # the last window hangs over by one
        (11, 2, 4, 1, False),  # none hangs over the far edge, the first looks past the near one
    ],
)
def test_only_poolings_that_stay_on_the_map_run_inside_a_convolution(side, kernel, stride, padding, fused):
    net = NetBuilder("pooled")
    x = net.conv(net.input(1, 4, side, side), 8, 1)
    net.graph.add(L.Pool2d(kernel, stride, padding, ceil_mode=not padding), x.name, name="pool")
    assert len(table(net, {"conv": ["inner_max_pool"]})) == (1 if fused else 2)
