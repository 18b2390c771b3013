"""Two forms of the same computation give the same numbers."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from costsim import reference
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph import layers as L
from costsim.lowering import lower
from costsim.networks import build
from costsim.reference import Companion, dense_twin, fold_batch_norms, largest_difference
from tests.strategies import layer_graphs

TOLERANCE = 1e-9
"""Of the largest magnitude: double precision, summed in another order, with some cancellation."""

LINEAR_LAYERS = (L.Conv2d, L.ConvTranspose2d, L.Linear, L.BatchNorm, L.Add, L.Concat, L.Slice, L.ChannelShuffle)


def double(graph: LayerGraph) -> tuple[Companion, list[torch.Tensor]]:
    """The module and its inputs in double precision."""
    return reference.build(graph).double(), [x.double() for x in reference.random_inputs(graph)]


@given(layer_graphs(layers=LINEAR_LAYERS, max_layers=12))
@settings(max_examples=60)
def test_folded_batch_norms_change_nothing(graph: LayerGraph) -> None:
    module, inputs = double(graph)
    before, after = module.execute(inputs), fold_batch_norms(module).execute(inputs)
    assert all(largest_difference(after[name], before[name]) < TOLERANCE for name in before)


def test_folding_leaves_the_weights_the_op_table_counts() -> None:
    graph = build("shufflenet_v2_1x").with_input(1, 3, 32, 32)
    module, inputs = double(graph)
    folded = fold_batch_norms(module)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    fusion = dict.fromkeys(("conv", "grouped_conv", "depthwise_conv"), ("batch_norm",))
    ops = lower(graph, fusion=fusion, views=(), elem_bytes=4, weight_elem_bytes=4)
    deployed = dict(zip((label.name for label in ops.labels), ops.weight_elems[:, 0], strict=True))
    in_torch = {name: sum(p.numel() for p in folded.steps[name].parameters()) for name in deployed}
    assert in_torch == deployed
    assert largest_difference(folded(*inputs), module(*inputs)) < TOLERANCE


@given(st.integers(1, 6), st.integers(1, 6))
def test_channel_shuffle_is_this_permutation(groups: int, per_group: int) -> None:
    """Output channel k * groups + g is channel k of group g."""
    channels = groups * per_group
    net = NetBuilder("shuffle")
    net.shuffle(net.input(2, channels, 3, 3), groups)
    x = torch.randn(2, channels, 3, 3)
    (shuffled,) = reference.run(net.graph, inputs=[x]).values()
    for g in range(groups):
        for k in range(per_group):
            assert torch.equal(shuffled[:, k * groups + g], x[:, g * per_group + k])


@st.composite
def grouped_convs(draw: st.DrawFn) -> tuple[LayerGraph, int]:
    """A grouped convolution; and, for an index layer beside it, a number of channels."""
    groups = draw(st.integers(1, 4))
    net = NetBuilder("grouped")
    x = net.input(1, groups * draw(st.integers(1, 4)), 7, 7)
    options = {"stride": draw(st.integers(1, 2)), "dilation": draw(st.integers(1, 2)), "bias": draw(st.booleans())}
    net.add(L.Conv2d(groups * draw(st.integers(1, 4)), draw(st.sampled_from([1, 3])), groups=groups, **options), x)
    return net.graph, draw(st.integers(1, 12))


@given(grouped_convs())
def test_a_grouped_convolution_is_its_block_diagonal_dense_twin(drawn: tuple[LayerGraph, int]) -> None:
    graph, _ = drawn
    module, inputs = double(graph)
    conv = module.steps["conv_1"]
    twin = dense_twin(conv)
    assert twin.weight.numel() == conv.weight.numel() * conv.groups
    assert largest_difference(twin(*inputs), module(*inputs)) < TOLERANCE


@given(grouped_convs())
def test_reactivation_is_a_dense_convolution_with_a_mask(drawn: tuple[LayerGraph, int]) -> None:
    """CondenseNetV2: a group convolution whose outputs are scattered and added into other channels."""
    grouped, channels = drawn
    net = NetBuilder("sfr")
    net.add(L.ScatterAdd(channels), net.add(grouped["conv_1"].layer, net.input(*grouped.input_shape)))
    module, inputs = double(net.graph)
    twin = dense_twin(module.steps["conv_1"], scatter=(module.steps["scatter_add_1"].index, channels))
    assert largest_difference(twin(*inputs), module(*inputs)) < TOLERANCE


def test_the_index_layer_as_a_matrix_product_adds_alike() -> None:
    net = NetBuilder("index")
    x = net.input(2, 12, 3, 3)
    added, multiplied = net.add(L.ScatterAdd(5), x), net.add(L.ScatterAdd(5, as_matmul=True), x)
    module, inputs = double(net.graph)
    index = module.steps[added.name].index
    assert sorted(index.bincount().tolist()) == [2, 2, 2, 3, 3]  # every channel reactivated about equally often
    module.steps[multiplied.name].matrix = nn.functional.one_hot(index, 5).double()
    outputs = module.execute(inputs)
    assert largest_difference(outputs[added.name], outputs[multiplied.name]) < TOLERANCE


@given(grouped_convs())
def test_a_learned_group_convolution_is_a_dense_convolution_with_a_mask(drawn: tuple[LayerGraph, int]) -> None:
    """CondenseNet: an index layer picks the channels each group reads, some of them for several groups."""
    grouped, channels = drawn
    layer, c_in = grouped["conv_1"].layer, grouped.input_shape[1]
    net = NetBuilder("learned")
    net.add(layer, net.add(L.IndexSelect(c_in), net.input(1, channels, 7, 7)))
    module, (x,) = double(net.graph)
    twin = dense_twin(module.steps["conv_1"], gather=module.steps["index_select_1"].index)
    assert largest_difference(twin(x[:, : twin.in_channels]), module(x)) < TOLERANCE


def test_operands_keep_their_order() -> None:
    """Residual and concatenation: ``a - b`` is not ``b - a``, nor is [a, b] [b, a]."""
    net = NetBuilder("order")
    x = net.input(1, 2, 4, 4)
    doubled, halved = net.multiply(x), net.add(L.Arithmetic("div"), x)
    outputs = [
        net.add(L.Arithmetic("sub"), doubled, halved),
        net.add(L.Arithmetic("sub"), halved, doubled),
        net.concat(halved, x, doubled),
        net.add_tensors(x, x),
        net.concat(x, x),
    ]
    value = torch.randn(1, 2, 4, 4)
    got = reference.run(net.graph, inputs=[value])
    expected = [
        1.5 * value,
        -1.5 * value,
        torch.cat([value / 2, value, value * 2], dim=1),
        2 * value,
        torch.cat([value, value], dim=1),
    ]
    for output, tensor in zip(outputs, expected, strict=True):
        assert largest_difference(got[output.name], tensor) < 1e-6
