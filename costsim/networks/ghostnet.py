"""GhostNet (Han et al. 2019, arXiv 1911.11907), Table 1 and Figures 2 and 3."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Dim
from costsim.networks.common import make_divisible
from costsim.networks.zoo import Family

# kernel of the strided depthwise, expanded channels, output channels, squeeze-excite, stride
BOTTLENECKS = (
    (3, 16, 16, False, 1),
    (3, 48, 24, False, 2),
    (3, 72, 24, False, 1),
    (5, 72, 40, True, 2),
    (5, 120, 40, True, 1),
    (3, 240, 80, False, 2),
    (3, 200, 80, False, 1),
    (3, 184, 80, False, 1),
    (3, 184, 80, False, 1),
    (3, 480, 112, True, 1),
    (3, 672, 112, True, 1),
    (5, 672, 160, True, 2),
    (5, 960, 160, False, 1),
    (5, 960, 160, True, 1),
    (5, 960, 160, False, 1),
    (5, 960, 160, True, 1),
)


def ghostnet(
    *,
    name: str = "ghostnet",
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Half of every pointwise convolution's outputs are cheap: a depthwise 3x3 of the other half.

    ``width`` scales channels, rounded to multiples of 4.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, make_divisible(16 * width, 4), 3, stride=2)
    for number, (kernel, expanded, c_out, squeezed, stride) in enumerate(BOTTLENECKS, start=1):
        with net.block(f"bneck{number}"):
            c_in = BOTTLENECKS[number - 2][2] if number > 1 else 16
            y = ghost_branch(
                net, x, make_divisible(expanded * width, 4), make_divisible(c_out * width, 4), kernel, stride, squeezed
            )
            x = net.add_tensors(y, shortcut(net, x, y.c, stride) if stride > 1 or c_in != c_out else x)
    with net.block("conv_last"):
        x = net.conv_bn(x, make_divisible(960 * width, 4), 1)
    with net.block("classifier"):
        x = net.act(net.bn(net.conv(net.global_pool(x), 1280)))
        net.linear(net.dropout(x), classes)
    return net.graph


def ghost_module(net: NetBuilder, x: Tensor, c_out: Dim, act: str | None = "relu") -> Tensor:
    """Figure 1b with s = 2 and d = 3."""
    primary = net.conv_bn(x, c_out // 2, 1, act)
    return net.concat(primary, net.depthwise_bn(primary, 3, act))


def ghost_branch(
    net: NetBuilder, x: Tensor, c_mid: Dim, c_out: Dim, kernel: int, stride: int, squeezed: bool
) -> Tensor:
    """Figure 3: a ghost module up, a strided depthwise where the map shrinks, a linear ghost module down."""
    y = ghost_module(net, x, c_mid)
    if stride > 1:
        y = net.depthwise_bn(y, kernel, act=None, stride=stride)
    if squeezed:
        y = net.squeeze_excite(y, y.c // 4, gate="hard_sigmoid")
    return ghost_module(net, y, c_out, act=None)


def shortcut(net: NetBuilder, x: Tensor, c_out: Dim, stride: int) -> Tensor:
    """Depthwise 3x3 and pointwise, both linear."""
    return net.conv_bn(net.depthwise_bn(x, 3, act=None, stride=stride), c_out, 1, act=None)


FAMILY = Family(ghostnet, {"ghostnet": {}})
