"""The inverted residual of MobileNetV2 (arXiv 1801.04381), as searched networks vary it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from costsim.graph import NetBuilder, Tensor
from costsim.graph.layers import Dim
from costsim.networks.common import make_divisible


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


class Stage(NamedTuple):
    """A row of the papers' tables: units of one shape."""

    repeats: int
    kernel: int
    expansion: int
    c_out: int
    stride: int
    squeezed: bool = False


def inverted_residual_stages(
    net: NetBuilder, x: Tensor, stages: Sequence[Stage], *, width: Any = 1.0, act: str = "relu6"
) -> Tensor:
    """Stages whose first unit has the stride; ``width`` scales channels, rounded to multiples of 8.

    A squeezed stage has squeeze-excites of a quarter of each unit's input channels.
    """
    for number, stage in enumerate(stages, start=1):
        for unit in range(stage.repeats):
            with net.block(f"stage{number}"), net.block(f"unit{unit + 1}"):
                x = inverted_residual(
                    net, x, make_divisible(stage.c_out * width),
                    c_mid=stage.expansion * x.c if stage.expansion > 1 else None,
                    kernel=stage.kernel,
                    stride=stage.stride if unit == 0 else 1,
                    act=act,
                    squeeze_excite=SqueezeExcite(x.c // 4, act) if stage.squeezed else None,
                    shortcut=unit > 0,
                )  # fmt: skip
    return x
