"""AlexNet (Krizhevsky et al. 2012), on two GPUs as published and on one (arXiv 1404.5997)."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.zoo import Family

# channels of the five convolutions, and the groups of each
TWO_TOWERS: dict[str, Any] = {"channels": (96, 256, 384, 384, 256), "groups": (1, 2, 1, 2, 2), "lrn": True}
ONE_TOWER: dict[str, Any] = {"channels": (64, 192, 384, 256, 256), "groups": (1, 1, 1, 1, 1), "lrn": False}


def alexnet(
    *,
    name: str = "alexnet",
    channels: tuple[int, ...] = TWO_TOWERS["channels"],
    groups: tuple[int, ...] = TWO_TOWERS["groups"],
    lrn: bool = True,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Five convolutions and three fully connected layers.

    The paper splits convolutions 2, 4 and 5 over two GPUs: two groups. It names a 224 pixel
    input, which gives its 55x55 maps only with a padding of 2 in the first convolution.
    ``alexnet_torchvision`` is the later single-tower form without response normalisation.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    convs = (  # kernel, stride, pooled after
        (11, 4, True),
        (5, 1, True),
        (3, 1, False),
        (3, 1, False),
        (3, 1, True),
    )
    for number, (kernel, stride, pooled) in enumerate(convs, start=1):
        with net.block(f"conv{number}"):
            padding = 2 if number == 1 else None
            x = net.conv(x, channels[number - 1], kernel, stride=stride, padding=padding,
                         groups=groups[number - 1], bias=True)  # fmt: skip
            x = net.act(x)
            if lrn and number <= 2:
                x = net.lrn(x)
            if pooled:
                x = net.max_pool(x, 3, 2)
    with net.block("classifier"):
        for _ in range(2):
            x = net.act(net.linear(net.dropout(x), 4096))
        net.linear(x, classes)
    return net.graph


FAMILY = Family(alexnet, {"alexnet": TWO_TOWERS, "alexnet_torchvision": ONE_TOWER})
