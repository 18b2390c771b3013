"""VGG-16 (Simonyan and Zisserman 2014, arXiv 1409.1556), Table 1, column D."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.zoo import Family

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Channels and number of 3x3 convolutions before each pooling."""


def vgg(
    *,
    name: str = "vgg16",
    stages: tuple[tuple[int, int], ...] = STAGES,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Thirteen 3x3 convolutions and three fully connected layers, without batch norm."""
    net = NetBuilder(name)
    x = net.input(*input_shape)
    for stage, (c_out, convs) in enumerate(stages, start=1):
        with net.block(f"stage{stage}"):
            for _ in range(convs):
                x = net.act(net.conv(x, c_out, 3, bias=True))
            x = net.max_pool(x, 2)
    with net.block("classifier"):
        for _ in range(2):
            x = net.dropout(net.act(net.linear(x, 4096)))
        net.linear(x, classes)
    return net.graph


FAMILY = Family(vgg, {"vgg16": {}})
