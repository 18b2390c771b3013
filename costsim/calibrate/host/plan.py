"""What is measured on a machine to fit its profile: chains of like layers, and a few networks.

A chain repeats one layer, so that what surrounds it (entering and leaving the runtime, changes of
the memory layout) weighs little. Sizes run from maps that stay in the first cache level to ones
that reach main memory, and channels from those that fill a vector to those that do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks import build

NETWORKS = (
    "alexnet",
    "googlenet",
    "mobilenet_v2_1x",
    "mobilenet_v3_small",
    "resnet18",
    "shufflenet_v2_1x",
    "squeezenet_1_1",
)
"""Networks unlike each other. Whole families of the zoo stay out: ``JUDGES`` are held against the fit."""

JUDGES = (
    "condensenet_74_g4",
    "densenet121",
    "densenet_small_1x",
    "efficientnet_b0",
    "fd_mobilenet_1x",
    "ghostnet",
    "igcv3_d_1x",
    "light_xception_1x",
    "mnasnet_a1",
    "mnasnet_b1",
    "mobilenet_v1_0.25x",
    "mobilenet_v1_1x",
    "mobilenet_v2_0.5x",
    "mobilenet_v2_1.4x",
    "mobilenet_v3_large",
    "proxylessnas_mobile",
    "regnety_400mf",
    "resnet34",
    "resnet50",
    "resnext50_32x4d",
    "se_resnet50",
    "shufflenet_v1_g3_1x",
    "shufflenet_v2_0.5x",
    "shufflenet_v2_2x",
    "squeezenet_1_0",
    "vargfacenet",
    "vargnet_v1_g8_1x",
    "vargnet_v2_g4_1x",
    "vgg16",
    "xception",
)
"""None of them is measured by the calibration, and most are of families it has nothing of."""

Step = Callable[[NetBuilder, Tensor, int], Tensor]
"""Adds one link of a chain; the number says which one it is."""


def calibration_plan() -> Mapping[str, Callable[[], LayerGraph]]:
    """Name to graph of everything the calibration measures."""
    plan = {name: partial(_chain, name, shape, step, count) for name, shape, step, count in _chains()}
    return plan | {name: partial(build, name) for name in NETWORKS}


def _chains() -> Iterator[tuple[str, tuple[int, int], Step, int]]:
    """(name, channels and map size of the input, step, links)."""
    for kernel, c, size in _DENSE:
        yield f"conv_{kernel}x{kernel}_{c}_at_{size}", (c, size), _conv(kernel, (c,)), 4 if kernel > 1 else 8
    for narrow, wide, size in _POINTWISE:
        yield f"pointwise_{narrow}_{wide}_at_{size}", (narrow, size), _conv(1, (wide, narrow)), 6
    for kernel, c_in, c_out, size in _STRIDED:
        yield f"strided_{kernel}x{kernel}_{c_in}_{c_out}_at_{size}", (c_in, size), _conv(kernel, (c_out,), stride=2), 3
    for kernel, stride, c, size in _STEMS:
        yield f"stem_{kernel}x{kernel}_{c}_at_{size}", (3, size), _conv(kernel, (c,), stride=stride), 1
    for kernel, c, size in _DEPTHWISE:
        yield f"depthwise_{kernel}x{kernel}_{c}_at_{size}", (c, size), _depthwise(kernel), 8
    for kernel, c, size in _DEPTHWISE_STRIDED:
        yield f"depthwise_strided_{kernel}x{kernel}_{c}_at_{size}", (c, size), _depthwise(kernel, stride=2), 3
    for kernel, c, groups, size in _GROUPED:
        yield f"grouped_{kernel}x{kernel}_{c}_by_{groups}_at_{size}", (c, size), _conv(kernel, (c,), groups=groups), 4
    for word, step in _PASSES.items():
        for c, size in ((64, 56), (256, 14), (116, 28)):
            yield f"{word}_{c}_at_{size}", (c, size), step, 6
    for function in ("relu", "hard_swish", "swish", "sigmoid"):
        for c, size in ((96, 56), (240, 14)):
            yield f"{function}_{c}_at_{size}", (c, size), _activation(function), 6
            yield f"{function}_after_conv_{c}_at_{size}", (c, size), _activation(function, after_conv=True), 6
    for growth, size in ((32, 28), (12, 28), (32, 7)):
        yield f"dense_block_{growth}_at_{size}", (4 * growth, size), _dense_layer(growth), 6
    for features in (512, 1280, 4096):
        yield f"linear_{features}", (features, 1), _linear(features), 3


_DENSE = (
    (1, 32, 112), (1, 64, 56), (1, 58, 28), (1, 116, 14), (1, 128, 28), (1, 232, 7), (1, 256, 14), (1, 512, 7),
    (1, 512, 28), (1, 512, 1), (1, 48, 1), (1, 1024, 14),
    (3, 16, 112), (3, 24, 56), (3, 32, 112), (3, 58, 28), (3, 64, 56), (3, 128, 28), (3, 128, 7), (3, 256, 14),
    (3, 512, 7), (3, 512, 14), (3, 64, 224),
    (5, 32, 28), (5, 64, 14), (7, 32, 28), (7, 64, 14),
)  # fmt: skip
"""(kernel, channels, map)."""

_POINTWISE = (
    (16, 96, 112), (24, 144, 56), (32, 192, 28), (64, 384, 14), (96, 576, 14), (160, 960, 7), (256, 64, 56),
    (512, 128, 28), (1024, 464, 7), (30, 90, 28), (8, 32, 1), (64, 256, 1),
)  # fmt: skip
"""(narrow, wide, map): widths take turns."""

_STRIDED = ((3, 32, 32, 112), (3, 64, 128, 56), (3, 256, 256, 14), (1, 64, 128, 56), (1, 256, 256, 28))
"""(kernel, input and output channels, map)."""

_STEMS = ((3, 2, 16, 224), (3, 2, 24, 224), (3, 2, 32, 224), (7, 2, 64, 224), (3, 1, 64, 112))
"""(kernel, stride, channels, map) over an image of three channels."""

_DEPTHWISE = (
    (3, 32, 112), (3, 96, 56), (3, 192, 28), (3, 384, 14), (3, 960, 7), (3, 58, 28), (3, 116, 14), (3, 22, 14),
    (5, 72, 28), (5, 240, 14), (5, 576, 7), (7, 96, 28),
)  # fmt: skip
_DEPTHWISE_STRIDED = ((3, 96, 112), (3, 144, 56), (3, 58, 56), (5, 96, 28))
"""(kernel, channels, map), both."""

_GROUPED = (
    (3, 128, 32, 56), (3, 256, 32, 28), (3, 512, 32, 14), (3, 64, 8, 56), (3, 256, 32, 14), (3, 256, 4, 14),
    (1, 240, 3, 28), (1, 256, 4, 14), (1, 272, 8, 14), (1, 60, 3, 28),
)  # fmt: skip
"""(kernel, channels, groups, map)."""


def _chain(name: str, shape: tuple[int, int], step: Step, links: int) -> LayerGraph:
    net = NetBuilder(name, source="calibration")
    c, size = shape
    x = net.input(1, c, size, size)
    for link in range(links):
        x = step(net, x, link)
    return net.graph


def _conv(kernel: int, widths: tuple[int, ...], stride: int = 1, groups: int = 1) -> Step:
    """A convolution with batch norm and ReLU; widths alternate from link to link."""

    def step(net: NetBuilder, x: Tensor, link: int) -> Tensor:
        return net.conv_bn(x, widths[link % len(widths)], kernel, stride=stride, groups=groups)

    return step


def _depthwise(kernel: int, stride: int = 1) -> Step:
    return lambda net, x, link: net.depthwise_bn(x, kernel, stride=stride)


def _activation(function: str, after_conv: bool = False) -> Step:
    """Normalise and activate: alone, or from the second link on where a convolution chose the layout."""

    def step(net: NetBuilder, x: Tensor, link: int) -> Tensor:
        return net.act(net.bn(net.conv(x, x.c) if after_conv and link == 0 else x), function)

    return step


def _dense_layer(growth: int) -> Step:
    """Normalise, activate, convolve, append: what DenseNet repeats."""
    return lambda net, x, link: net.concat(x, net.conv(net.act(net.bn(x)), growth))


def _linear(features: int) -> Step:
    return lambda net, x, link: net.act(net.linear(x, features))


def _max_pool(net: NetBuilder, x: Tensor, link: int) -> Tensor:
    return net.max_pool(net.conv(x, x.c) if link == 0 else x, 3, 1, padding=1)


def _avg_pool(net: NetBuilder, x: Tensor, link: int) -> Tensor:
    return net.avg_pool(net.conv(x, x.c) if link == 0 else x, 3, 1, padding=1)


def _shortcut(net: NetBuilder, x: Tensor, link: int) -> Tensor:
    """A residual block's add, which some runtimes do inside the convolution in front of it."""
    x = net.conv(x, x.c) if link == 0 else x
    return net.act(net.add_tensors(x, net.conv(x, x.c)))


def _squeeze_excite(net: NetBuilder, x: Tensor, link: int) -> Tensor:
    return net.squeeze_excite(net.conv(x, x.c), max(x.c // 4, 8))


def _shuffle(net: NetBuilder, x: Tensor, link: int) -> Tensor:
    return net.shuffle(net.conv(x, x.c), 2)


def _split(net: NetBuilder, x: Tensor, link: int) -> Tensor:
    left, right = net.split(x, x.c // 2, x.c // 2)
    return net.concat(left, net.conv(right, x.c // 2))


def _global_pool(net: NetBuilder, x: Tensor, link: int) -> Tensor:
    """A scaling by the channels' means."""
    return net.multiply(x, net.global_pool(x))


def _lrn(net: NetBuilder, x: Tensor, link: int) -> Tensor:
    return net.lrn(net.conv(x, x.c)) if link < 2 else x


_PASSES: Mapping[str, Step] = {
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "shortcut": _shortcut,
    "squeeze_excite": _squeeze_excite,
    "shuffle": _shuffle,
    "split": _split,
    "global_pool": _global_pool,
    "lrn": _lrn,
}
