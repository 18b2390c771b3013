"""FBNet-C (Wu et al. 2018, arXiv 1812.03443), Figure 4."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.inverted_residual import inverted_residual
from costsim.networks.zoo import Family

# output channels, stride, and (kernel, expansion) of each unit; units the search replaced by the identity are left out
STAGES: tuple[tuple[int, int, tuple[tuple[int, int], ...]], ...] = (
    (16, 1, ((3, 1),)),
    (24, 2, ((3, 6), (3, 1), (3, 1))),
    (32, 2, ((5, 6), (5, 3), (5, 6), (3, 6))),
    (64, 2, ((5, 6), (5, 3), (5, 6), (5, 6))),
    (112, 1, ((5, 6), (5, 6), (5, 6), (5, 3))),
    (184, 2, ((5, 6),) * 4),
    (352, 1, ((3, 6),)),
)


def fbnet(
    *,
    name: str = "fbnet_c",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Inverted residuals whose kernels and expansions were searched for a phone.

    A unit of expansion 1 keeps its first pointwise convolution, except the very first.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, 16, 3, stride=2)
    for stage, (c_out, stride, units) in enumerate(STAGES, start=1):
        for unit, (kernel, expansion) in enumerate(units):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                step = stride if unit == 0 else 1
                shortcut = step == 1 and x.c == c_out
                x = inverted_residual(
                    net, x, c_out, c_mid=expansion * x.c, kernel=kernel, stride=step, act="relu", shortcut=shortcut
                )
    with net.block("conv_last"):
        x = net.conv_bn(x, 1984, 1)
    net.classifier(x, classes)
    return net.graph


FAMILY = Family(fbnet, {"fbnet_c": {}})
