"""Inception v3 (Szegedy et al. 2015, arXiv 1512.00567), Table 1 and Figures 5 to 7 and 10."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.zoo import Family


def inception_v3(
    *,
    name: str = "inception_v3",
    input_shape: tuple[int, int, int, int] = (1, 3, 299, 299),
    classes: int = 1000,
) -> LayerGraph:
    """Modules of factorised convolutions: 3x3 for 5x5, then bands of 1x7 and 7x1, then 1x3 and 3x1 side by side.

    As released (and in torchvision); the auxiliary classifier serves training only and is left out.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, 32, 3, stride=2, padding=0)
        x = net.conv_bn(net.conv_bn(x, 32, 3, padding=0), 64, 3)
        x = net.conv_bn(net.max_pool(x, 3, 2), 80, 1)
        x = net.max_pool(net.conv_bn(x, 192, 3, padding=0), 3, 2)
    for number, c_pool in enumerate((32, 64, 64), start=1):
        with net.block(f"module35_{number}"):
            x = _wide(net, x, c_pool)
    with net.block("reduction1"):
        y = net.conv_bn(net.conv_bn(x, 64, 1), 96, 3)
        y = net.conv_bn(y, 96, 3, stride=2, padding=0)
        x = net.concat(net.conv_bn(x, 384, 3, stride=2, padding=0), y, net.max_pool(x, 3, 2))
    for number, c_mid in enumerate((128, 160, 160, 192), start=1):
        with net.block(f"module17_{number}"):
            x = _banded(net, x, c_mid)
    with net.block("reduction2"):
        y = net.conv_bn(net.conv_bn(net.conv_bn(x, 192, 1), 192, (1, 7)), 192, (7, 1))
        y = net.conv_bn(y, 192, 3, stride=2, padding=0)
        z = net.conv_bn(net.conv_bn(x, 192, 1), 320, 3, stride=2, padding=0)
        x = net.concat(z, y, net.max_pool(x, 3, 2))
    for number in (1, 2):
        with net.block(f"module8_{number}"):
            x = _coarse(net, x)
    with net.block("classifier"):
        net.linear(net.dropout(net.global_pool(x)), classes)
    return net.graph


def _pooled(net: NetBuilder, x: Tensor, c_out: int) -> Tensor:
    return net.conv_bn(net.avg_pool(x, 3, 1, padding=1), c_out, 1)


def _wide(net: NetBuilder, x: Tensor, c_pool: int) -> Tensor:
    """Figure 5; one 5x5 stays."""
    y = net.conv_bn(net.conv_bn(net.conv_bn(x, 64, 1), 96, 3), 96, 3)
    return net.concat(net.conv_bn(x, 64, 1), net.conv_bn(net.conv_bn(x, 48, 1), 64, 5), y, _pooled(net, x, c_pool))


def _banded(net: NetBuilder, x: Tensor, c_mid: int) -> Tensor:
    """Figure 6 with n = 7."""
    y = net.conv_bn(net.conv_bn(net.conv_bn(x, c_mid, 1), c_mid, (1, 7)), 192, (7, 1))
    z = net.conv_bn(x, c_mid, 1)
    for c_out, kernel in ((c_mid, (7, 1)), (c_mid, (1, 7)), (c_mid, (7, 1)), (192, (1, 7))):
        z = net.conv_bn(z, c_out, kernel)
    return net.concat(net.conv_bn(x, 192, 1), y, z, _pooled(net, x, 192))


def _coarse(net: NetBuilder, x: Tensor) -> Tensor:
    """Figure 7."""

    def both(y: Tensor) -> Tensor:
        return net.concat(net.conv_bn(y, 384, (1, 3)), net.conv_bn(y, 384, (3, 1)))

    y = both(net.conv_bn(x, 384, 1))
    z = both(net.conv_bn(net.conv_bn(x, 448, 1), 384, 3))
    return net.concat(net.conv_bn(x, 320, 1), y, z, _pooled(net, x, 192))


FAMILY = Family(inception_v3, {"inception_v3": {}})
