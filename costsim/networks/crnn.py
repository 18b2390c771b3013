"""CRNN (Shi et al. 2015, arXiv 1507.05717), Table 1: text in an image by convolutions and a recurrence."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Recurrent, Reduce, Softmax, Transpose
from costsim.networks.transformer import dense
from costsim.networks.zoo import Family

HIDDEN = 256


def crnn(
    *,
    name: str = "crnn",
    input_shape: tuple[int, int, int, int] = (1, 1, 32, 100),
    classes: int = 37,
) -> LayerGraph:
    """Seven convolutions to one row of features, two bidirectional LSTMs over its columns, a class a column.

    ``classes`` include the blank of connectionist temporal classification. Each LSTM has a fully connected layer
    behind it, as in the released code.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("features"):
        x = net.max_pool(net.act(net.conv(x, 64, 3, bias=True)), 2)
        x = net.max_pool(net.act(net.conv(x, 128, 3, bias=True)), 2)
        x = net.act(net.conv(net.conv_bn(x, 256, 3, bias=True), 256, 3, bias=True))
        x = net.max_pool(x, 2, (2, 1), padding=(0, 0, 1, 1))
        x = net.act(net.conv(net.conv_bn(x, 512, 3, bias=True), 512, 3, bias=True))
        x = net.max_pool(x, 2, (2, 1), padding=(0, 0, 1, 1))
        x = net.conv_bn(x, 512, 2, padding=0, bias=True)
        x = net.add(Transpose((0, 2, 1)), net.add(Reduce((2,), "mean", keepdims=False), x))
    with net.block("recurrence"):
        x = dense(net, _lstm(net, x), HIDDEN)
        x = dense(net, _lstm(net, x), classes)
        net.add(Softmax(-1), x)
    return net.graph


def _lstm(net: NetBuilder, x: Tensor) -> Tensor:
    return net.add(Recurrent(HIDDEN, "lstm", bidirectional=True), x)


FAMILY = Family(crnn, {"crnn": {}})
