"""Shapes, checks and structure of layer graphs."""

import numpy as np
import pytest

from costsim.errors import InputError
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph import layers as L

X = (2, 8, 10, 12)


@pytest.mark.parametrize(
    ("layer", "inputs", "shape"),
    [
        (L.Conv2d(16, 3), [X], (2, 16, 10, 12)),
        (L.Conv2d(16, 3, stride=2), [X], (2, 16, 5, 6)),
        (L.Conv2d(16, (1, 7), padding=(0, 3)), [X], (2, 16, 10, 12)),
        (L.Conv2d(16, 3, padding=(0, 1, 0, 1), stride=2), [X], (2, 16, 5, 6)),
        (L.Conv2d(16, 3, dilation=2, padding=2), [X], (2, 16, 10, 12)),
        (L.ConvTranspose2d(4, 4, stride=2, padding=1), [X], (2, 4, 20, 24)),
        (L.Linear(5), [(2, 8)], (2, 5)),
        (L.MatMul(), [(2, 3, 4), (2, 4, 5)], (2, 3, 5)),
        (L.Pool2d(3, 2), [X], (2, 8, 4, 5)),
        (L.Pool2d(3, 2, ceil_mode=True), [X], (2, 8, 5, 6)),
        (L.Pool2d(2, 2, padding=(0, 1, 0, 1), ceil_mode=True), [(1, 1, 5, 5)], (1, 1, 3, 3)),
        (L.GlobalPool(), [X], (2, 8, 1, 1)),
        (L.Reduce((2, 3), keepdims=False), [X], (2, 8)),
        (L.Add(), [X, X], X),
        (L.Multiply(), [X, (2, 8, 1, 1)], X),
        (L.Concat(), [X, X], (2, 16, 10, 12)),
        (L.Slice(2, 8), [X], (2, 6, 10, 12)),
        (L.ChannelShuffle(4), [X], X),
        (L.Flatten(), [X], (2, 960)),
        (L.Reshape((-1, 12)), [X], (2, 80, 12)),
        (L.Transpose((0, 2, 3, 1)), [X], (2, 10, 12, 8)),
        (L.Pad(1), [X], (2, 8, 12, 14)),
        (L.Upsample(2), [X], (2, 8, 20, 24)),
        (L.IndexSelect(3), [X], (2, 3, 10, 12)),
        (L.ScatterAdd(20), [X], (2, 20, 10, 12)),
        (L.Softmax(), [X], X),
    ],
)
def test_output_shapes(layer, inputs, shape):
    graph = LayerGraph("one")
    names = [graph.add(L.Input(s), name=f"in{i}").name for i, s in enumerate(inputs)]
    assert graph.add(layer, *names, name="out").shape == shape


@pytest.mark.parametrize(
    ("layer", "inputs", "says"),
    [
        (L.Conv2d(16, 3, groups=3), [X], "not divisible by 3 groups"),
        (L.Conv2d(16, 3, groups=0), [X], "not divisible by 0 groups"),
        (L.Conv2d(16, 13, padding=0), [X], "empty"),
        (L.Conv2d(16, 3), [(2, 8)], "needs a map"),
        (L.Add(), [X, (2, 9, 10, 12)], "do not broadcast"),
        (L.Concat(), [X, (2, 8, 9, 12)], "cannot join"),
        (L.Slice(4, 9), [X], "slice 4:9 of 8"),
        (L.ChannelShuffle(3), [X], "not divisible"),
        (L.Reshape((7, 7)), [X], "cannot reshape"),
        (L.Transpose((0, 1, 1)), [X], "do not permute"),
        (L.MatMul(), [(2, 3, 4), (2, 5, 5)], "inner dimensions"),
        (L.Activation("rellu"), [X], "unknown activation"),
        (L.Arithmetic("hypot"), [X, X], "unknown arithmetic 'hypot'"),
        (L.Pool2d(2, function="lp"), [X], "unknown pooling 'lp'"),
        (L.GlobalPool("lp"), [X], "unknown pooling 'lp'"),
        (L.Reduce((1,), "argmax"), [X], "unknown reduction 'argmax'"),
    ],
)
def test_impossible_layers_are_refused(layer, inputs, says):
    graph = LayerGraph("one")
    names = [graph.add(L.Input(s), name=f"in{i}").name for i, s in enumerate(inputs)]
    with pytest.raises(InputError, match=says):
        graph.add(layer, *names, name="out")


def test_names_are_unique_and_inputs_exist():
    graph = LayerGraph("net")
    graph.add(L.Input(X), name="x")
    with pytest.raises(InputError, match="used twice"):
        graph.add(L.Add(), "x", name="x")
    with pytest.raises(InputError, match="'y', which is not there"):
        graph.add(L.Add(), "y", name="z")


def test_counts_of_known_layers():
    net = NetBuilder("known")
    x = net.input(1, 8, 10, 12)
    x = net.conv(x, 16, 3, groups=4, bias=True)
    x = net.bn(x)
    net.linear(x, 5)
    conv, bn, _, linear = list(net.graph)[1:]
    assert net.graph.params(conv) == 16 * 2 * 9 + 16
    assert net.graph.loop_nest(conv).macs == 10 * 12 * 16 * 2 * 9
    assert net.graph.params(bn) == 32
    assert net.graph.params(linear) == 16 * 120 * 5 + 5
    assert net.graph.total_macs == 10 * 12 * 16 * 2 * 9 + 16 * 120 * 5


def test_a_transposed_convolution_multiplies_every_input_pixel_with_the_whole_kernel():
    net = NetBuilder("up")
    net.add(L.ConvTranspose2d(4, 4, stride=2, padding=1), net.input(1, 8, 5, 6))
    assert net.graph.total_macs == 5 * 6 * 8 * 4 * 16


def test_array_dimensions_describe_many_networks_at_once():
    widths = np.array([8, 12, 16, 18])
    net = NetBuilder("wide")
    x = net.input(1, 3, 32, 32)
    x = net.conv(x, widths, 3)
    x = net.conv(x, widths, 3, groups=4)
    net.classifier(x, 10)
    assert net.graph.valid.tolist() == [True, True, True, False]
    for point, width in enumerate(widths[:3]):
        one = NetBuilder("one")
        y = one.conv(one.input(1, 3, 32, 32), int(width), 3)
        one.classifier(one.conv(y, int(width), 3, groups=4), 10)
        assert net.graph.total_macs[point] == one.graph.total_macs
        assert net.graph.total_params[point] == one.graph.total_params


def test_a_new_input_is_inferred_through_or_refused():
    net = NetBuilder("net")
    x = net.conv(net.input(1, 3, 32, 32), 8, 3, stride=2)
    net.linear(x, 10)
    assert net.graph.with_batch(4).outputs[0].shape == (4, 10)
    with pytest.raises(InputError, match="does not pass through it"):
        net.graph.with_input(1, 0, 32, 32)


def test_networkx_view_has_every_layer_and_edge():
    net = NetBuilder("net")
    x = net.input(1, 4, 8, 8)
    net.add_tensors(net.conv(x, 4, 3), x)
    plain = net.graph.to_networkx({"add_1": {"latency_ms": 1.0}})
    assert set(plain.edges) == {("input", "conv_1"), ("conv_1", "add_1"), ("input", "add_1")}
    assert plain.nodes["conv_1"]["macs"] == net.graph.total_macs
    assert plain.nodes["add_1"]["latency_ms"] == 1.0


@pytest.mark.parametrize("write", ["residual", "identity", "widening"])
def test_a_repeated_block_is_as_if_written_again(write):
    def block(net, stem, x):
        if write == "identity":
            return x
        with net.block("branch"):
            y = net.add_tensors(net.conv_bn(x, x.c, 3), net.conv(stem, x.c))
        return net.add_tensors(x, y) if write == "residual" else net.concat(x, y)

    nets = []
    for repeated in (True, False):
        net = NetBuilder("n")
        stem = net.conv(net.input(*X), 8, 3)
        x = net.act(stem)
        names = [f"unit{number}" for number in range(1, 12)]
        if repeated:
            x = net.repeat(names, x, lambda x, net=net, stem=stem: block(net, stem, x))
        else:
            for name in names:
                with net.block(name):
                    x = block(net, stem, x)
        net.classifier(x, 10)
        nets.append(net.graph)
    first, second = nets
    assert list(first) == list(second)
    assert [first.consumers(node.name) for node in first] == [second.consumers(node.name) for node in second]


def test_blocks_that_cannot_be_repeated_are_refused():
    net = NetBuilder("n")
    x = net.input(*X)
    with net.block("a"):
        y = net.conv(x, 16)
    with pytest.raises(InputError, match="has not the shape"):
        net.graph.repeat("a", "b", x.name, y.name)
    with pytest.raises(InputError, match="used twice"):
        net.graph.repeat("a", "a", x.name, x.name)


def test_blocks_of_array_dimensions_are_written_each():
    net = NetBuilder("n")
    x = net.repeat(["a", "b"], net.input(1, np.array([[8, 16]]), 8, 8), lambda x: net.conv(x, x.c, 3))
    assert len(net.graph) == 3
    assert x.shape[1].tolist() == [[8, 16]]
