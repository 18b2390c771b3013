"""The space of Once-for-All (Cai et al. 2019, arXiv 1908.09791), Section 4.1: MobileNetV3 with every unit its own."""

from __future__ import annotations

from collections.abc import Sequence

from costsim.errors import InputError
from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.common import make_divisible
from costsim.networks.inverted_residual import SqueezeExcite, inverted_residual
from costsim.networks.zoo import Family

# output channels, stride, activation, squeeze-excite of the five searched stages
STAGES = (
    (24, 2, "relu", False),
    (40, 2, "relu", True),
    (80, 2, "hard_swish", False),
    (112, 1, "hard_swish", True),
    (160, 2, "hard_swish", True),
)
DEPTHS, KERNELS, EXPANSIONS = (2, 3, 4), (3, 5, 7), (3, 4, 6)


def ofa_mobilenet_v3(
    *,
    name: str = "ofa_mobilenet_v3_largest",
    depths: Sequence[int] = (4,) * len(STAGES),
    kernels: Sequence[int] = (7,) * 20,
    expansions: Sequence[int] = (6,) * 20,
    width: float = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """``depths`` of the five stages (2 to 4); ``kernels`` (3, 5, 7) and ``expansions`` (3, 4, 6) of the 20 units.

    Four units a stage are listed whatever its depth, as the released code writes a network. ``width`` is 1.0 or 1.2.
    """
    for what, values, count, allowed in (
        ("depths", depths, len(STAGES), DEPTHS),
        ("kernels", kernels, 20, KERNELS),
        ("expansions", expansions, 20, EXPANSIONS),
    ):
        if len(values) != count or any(value not in allowed for value in values):
            raise InputError(f"{what} are {count} of {', '.join(map(str, allowed))}", where=name)
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, make_divisible(16 * width), 3, "hard_swish", stride=2)
        x = inverted_residual(net, x, x.c, c_mid=None, act="relu", shortcut=True)
    for stage, (channels, stride, act, squeezed) in enumerate(STAGES):
        for unit in range(depths[stage]):
            with net.block(f"stage{stage + 1}"), net.block(f"unit{unit + 1}"):
                c_mid = make_divisible(x.c * expansions[4 * stage + unit])
                squeeze = SqueezeExcite(make_divisible(c_mid // 4), gate="hard_sigmoid") if squeezed else None
                x = inverted_residual(
                    net, x, make_divisible(channels * width),
                    c_mid=c_mid, kernel=kernels[4 * stage + unit], stride=stride if unit == 0 else 1, act=act,
                    squeeze_excite=squeeze, shortcut=unit > 0,
                )  # fmt: skip
    with net.block("conv_last"):
        x = net.conv_bn(x, make_divisible(960 * width), 1, "hard_swish")
    with net.block("classifier"):
        x = net.act(net.conv(net.global_pool(x), make_divisible(1280 * width)), "hard_swish")
        net.linear(net.dropout(x), classes)
    return net.graph


SMALLEST = {"depths": (2,) * 5, "kernels": (3,) * 20, "expansions": (3,) * 20}

FAMILY = Family(ofa_mobilenet_v3, {"ofa_mobilenet_v3_largest": {}, "ofa_mobilenet_v3_smallest": SMALLEST})
