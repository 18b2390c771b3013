"""MCUNet (Lin et al. 2020, arXiv 2007.10319), the networks of github.com/mit-han-lab/mcunet by their released layers.

The layers of ``vww0`` and ``vww2`` are read off the code that github.com/nycu-caslab/TinyTS (b6ba4fb) made from the
released files; they have the published multiply-accumulates and parameters.
"""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.common import published
from costsim.networks.inverted_residual import inverted_residual
from costsim.networks.zoo import Family


class Unit(NamedTuple):
    """An inverted residual as the search chose it."""

    kernel: int
    expansion: int
    c_out: int
    stride: int = 1


class Searched(NamedTuple):
    """A network for one task and memory."""

    side: int
    classes: int
    stem: int
    units: tuple[Unit, ...]


def _units(*rows: tuple[int, ...]) -> tuple[Unit, ...]:
    return tuple(Unit(*row) for row in rows)


NETWORKS = {
    "in0": Searched(48, 1000, 24, _units(
        (3, 1, 16), (5, 4, 16, 2), (3, 3, 16), (3, 4, 16), (7, 5, 24, 2), (5, 4, 24), (5, 5, 24), (7, 5, 48, 2),
        (5, 4, 48), (3, 5, 56), (5, 4, 56), (3, 5, 56), (3, 6, 112, 2), (5, 4, 112), (3, 6, 192),
    )),
    "in1": Searched(96, 1000, 16, _units(
        (3, 1, 8), (3, 4, 16, 2), (3, 3, 16), (7, 3, 24, 2), (3, 5, 24), (3, 5, 40, 2), (7, 4, 40), (5, 4, 48),
        (3, 3, 48), (3, 4, 48), (7, 5, 96, 2), (5, 4, 96), (5, 4, 96), (3, 6, 160),
    )),
    "in2": Searched(160, 1000, 16, _units(
        (3, 1, 8), (5, 3, 16, 2), (7, 6, 16), (3, 5, 16), (5, 5, 16), (3, 5, 24, 2), (7, 6, 24), (5, 6, 24),
        (7, 4, 40, 2), (5, 5, 40), (3, 5, 48), (5, 5, 48), (3, 4, 48), (5, 6, 96, 2), (5, 4, 96), (5, 3, 96),
        (3, 4, 96), (5, 5, 160),
    )),
    "in3": Searched(176, 1000, 16, _units(
        (3, 1, 8), (7, 3, 16, 2), (3, 5, 16), (7, 5, 16), (5, 4, 16), (5, 5, 24, 2), (5, 5, 24), (5, 5, 24),
        (3, 5, 40, 2), (7, 6, 40), (5, 4, 40), (5, 5, 48), (7, 5, 48), (3, 5, 48), (3, 6, 96, 2), (7, 5, 96),
        (3, 4, 96), (7, 5, 160),
    )),
    "in4": Searched(160, 1000, 32, _units(
        (3, 1, 16), (7, 3, 24, 2), (3, 5, 24), (5, 4, 24), (7, 5, 40, 2), (3, 4, 40), (7, 4, 40), (7, 3, 80, 2),
        (3, 3, 80), (7, 3, 80), (3, 4, 96), (5, 3, 96), (5, 3, 96), (7, 4, 192, 2), (7, 3, 192), (5, 3, 192),
        (5, 4, 320),
    )),
    "vww0": Searched(64, 2, 16, _units(
        (3, 1, 8), (5, 6, 16, 2), (3, 4, 16), (3, 5, 24, 2), (3, 4, 24), (3, 4, 24), (3, 5, 40, 2), (3, 4, 40),
        (7, 3, 40), (3, 3, 48), (3, 4, 48), (7, 5, 96, 2), (5, 5, 96), (7, 4, 160),
    )),
    "vww1": Searched(80, 2, 16, _units(
        (3, 1, 8), (3, 6, 16, 2), (3, 3, 16), (3, 3, 16), (7, 3, 24, 2), (3, 6, 24), (5, 5, 24), (7, 6, 40, 2),
        (7, 6, 40), (3, 6, 48), (3, 4, 48), (5, 5, 96, 2), (3, 5, 96), (3, 4, 96), (7, 3, 160),
    )),
    "vww2": Searched(144, 2, 16, _units(
        (3, 1, 8), (3, 3, 16, 2), (3, 5, 16), (5, 6, 16), (3, 3, 16), (7, 5, 24, 2), (5, 4, 24), (3, 4, 24),
        (7, 6, 24), (3, 6, 40, 2), (7, 6, 40), (5, 4, 40), (3, 5, 40), (5, 5, 48), (5, 3, 48), (3, 4, 48),
        (5, 3, 48), (3, 4, 96, 2), (5, 5, 96), (5, 4, 96), (3, 4, 96), (3, 5, 160),
    )),
}  # fmt: skip


def mcunet(
    *,
    name: str = "mcunet_in3",
    variant: str = "in3",
    input_shape: tuple[int, int, int, int] = (1, 3, 176, 176),
    classes: int = 1000,
) -> LayerGraph:
    """Inverted residuals, each with its own kernel and expansion, searched together with the input's size.

    ``in0`` to ``in4`` classify ImageNet for 10 and 5 frames a second and for 256 KiB, 320 KiB and 512 KiB of SRAM;
    ``vww0`` to ``vww2`` tell whether a person is seen. No convolution stands between the last unit and the pooling.
    """
    found = published(NETWORKS, variant, "variant")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, found.stem, 3, "relu6", stride=2)
    for number, unit in enumerate(found.units, start=1):
        with net.block(f"unit{number}"):
            x = inverted_residual(
                net, x, unit.c_out,
                c_mid=unit.expansion * x.c if unit.expansion > 1 else None,
                kernel=unit.kernel,
                stride=unit.stride,
                shortcut=number > 1 and unit.stride == 1 and found.units[number - 2].c_out == unit.c_out,
            )  # fmt: skip
    net.classifier(x, classes)
    return net.graph


FAMILY = Family(
    mcunet,
    {
        f"mcunet_{variant}": {
            "variant": variant,
            "input_shape": (1, 3, found.side, found.side),
            "classes": found.classes,
        }
        for variant, found in NETWORKS.items()
    },
)
