"""The inverted residual of MobileNetV2 (arXiv 1801.04381), as searched networks vary it."""

from __future__ import annotations

from dataclasses import dataclass

from costsim.graph import NetBuilder, Tensor
from costsim.graph.layers import Dim


@dataclass(frozen=True)
class SqueezeExcite:
    """A squeeze-excite between the depthwise convolution and the projection."""

    c_mid: Dim
    act: str = "relu"
    gate: str = "sigmoid"


def inverted_residual(
    net: NetBuilder,
    x: Tensor,
    c_out: Dim,
    *,
    c_mid: Dim | None,
    kernel: int = 3,
    stride: int = 1,
    act: str = "relu6",
    squeeze_excite: SqueezeExcite | None = None,
    shortcut: bool = False,
) -> Tensor:
    """Pointwise up, depthwise, linear pointwise down; without ``c_mid`` the first convolution is left out."""
    y = x if c_mid is None else net.conv_bn(x, c_mid, 1, act)
    y = net.depthwise_bn(y, kernel, act, stride=stride)
    if squeeze_excite:
        y = net.squeeze_excite(y, squeeze_excite.c_mid, squeeze_excite.act, squeeze_excite.gate)
    y = net.conv_bn(y, c_out, 1, act=None)
    return net.add_tensors(x, y) if shortcut else y
