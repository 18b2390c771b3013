"""The blocks of VarGNet (arXiv 1907.05653, Figure 1) and VarGFaceNet (arXiv 1910.04985, Figure 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from costsim.graph import NetBuilder, Tensor
from costsim.graph.layers import Dim
from costsim.networks.common import make_divisible


@dataclass(frozen=True)
class Style:
    """What the two papers vary in the same blocks."""

    group_channels: Any = 8
    """G (S in VarGFaceNet): channels per group of every variable group convolution."""
    act: str = "relu"
    se_reduction: int | None = None
    """Squeeze-excite before the addition of normal and head blocks."""

    def channels(self, base: int, width: Any) -> Dim:
        """``base * width``, rounded so that whole groups fit."""
        return make_divisible(base * width, self.group_channels)


def vgc(net: NetBuilder, x: Tensor, c_out: Dim, style: Style, kernel: int = 3, **options: Any) -> Tensor:
    """Variable group convolution with batch norm: the channels per group are fixed, not the groups."""
    return net.conv_bn(x, c_out, kernel, style.act, groups=x.c // style.group_channels, **options)


def separable(
    net: NetBuilder, x: Tensor, c_mid: Dim, c_out: Dim, style: Style, *, stride: int = 1, linear: bool = False
) -> Tensor:
    """A variable group convolution to ``c_mid`` and a pointwise one to ``c_out``."""
    return net.conv_bn(vgc(net, x, c_mid, style, stride=stride), c_out, 1, None if linear else style.act)


def normal_block(net: NetBuilder, x: Tensor, style: Style) -> Tensor:
    """C to 2C to C, twice, and the identity added."""
    y = separable(net, x, 2 * x.c, x.c, style)
    y = separable(net, y, 2 * x.c, x.c, style, linear=True)
    return _joined(net, x, _squeezed(net, y, style), style)


def head_block(net: NetBuilder, x: Tensor, c_out: Dim, style: Style) -> Tensor:
    """A normal block at stride 2 without expansion, its shortcut a separable convolution."""
    shortcut = separable(net, x, x.c, c_out, style, stride=2, linear=True)
    y = separable(net, x, x.c, c_out, style, stride=2)
    y = separable(net, y, c_out, c_out, style, linear=True)
    return _joined(net, shortcut, _squeezed(net, y, style), style)


def down_sampling_block(net: NetBuilder, x: Tensor, c_out: Dim, style: Style) -> Tensor:
    """Two parallel separable convolutions of stride 2 summed, a third, and a separable shortcut."""
    shortcut = separable(net, x, 2 * x.c, c_out, style, stride=2, linear=True)
    first, second = (separable(net, x, 2 * x.c, c_out, style, stride=2, linear=True) for _ in range(2))
    y = separable(net, _joined(net, first, second, style), 2 * c_out, c_out, style, linear=True)
    return _joined(net, shortcut, y, style)


def _joined(net: NetBuilder, a: Tensor, b: Tensor, style: Style) -> Tensor:
    return net.act(net.add_tensors(a, b), style.act)


def _squeezed(net: NetBuilder, x: Tensor, style: Style) -> Tensor:
    return net.squeeze_excite(x, x.c // style.se_reduction, style.act) if style.se_reduction else x
