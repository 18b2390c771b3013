"""The controlled micro-networks of the ShuffleNet V2 paper (Ma et al. 2018, arXiv 1807.11164), Tables 1 to 4.

Each isolates one guideline at constant multiply-adds: ten blocks on 56x56 maps. They are not part
of the zoo; ``from_table`` builds the one behind a row of the paper's tables.
"""

from __future__ import annotations

import re

from costsim.errors import InputError
from costsim.graph import LayerGraph, NetBuilder, Tensor

BLOCKS = 10
MAP = 56
"""Input height and width (section 2, G1; Table 4 does not print it, its additions fit 56x56)."""


def channel_ratio(c1: int, c2: int, *, batch: int = 1, side: int = MAP) -> LayerGraph:
    """G1, Table 1: blocks of two pointwise convolutions, ``c1`` to ``c2`` and back."""
    net, x = _start(f"g1_{c1}_{c2}", c1, batch, side)
    for block in range(BLOCKS):
        with net.block(f"block{block + 1}"):
            x = net.conv(net.conv(x, c2), c1)
    return net.graph


def pointwise_groups(c: int, groups: int, *, batch: int = 1, side: int = MAP) -> LayerGraph:
    """G2, Table 2: pointwise group convolutions of constant width.

    The paper's 180 channels in 8 groups (ARM) do not divide: such widths are rounded up.
    """
    width = -(-c // groups) * groups
    net, x = _start(f"g2_{c}_groups_{groups}", width, batch, side)
    for block in range(BLOCKS):
        with net.block(f"block{block + 1}"):
            x = net.conv(x, width, groups=groups)
    return net.graph


def fragments(c: int, count: int, *, parallel: bool = False, batch: int = 1, side: int = MAP) -> LayerGraph:
    """G3, Table 3 and appendix Figure 1: 1, 2 or 4 pointwise convolutions a block, in series or in parallel.

    ``c`` is the width of the one-fragment network; the others are narrower by the square root of
    ``count`` (45/64 for two, as in Table 2). Parallel fragments are summed.
    """
    width = {1: c, 2: c * 45 // 64, 4: c // 2}[count]
    net, x = _start(f"g3_{c}_{count}_{'parallel' if parallel else 'series'}", width, batch, side)
    for block in range(BLOCKS):
        with net.block(f"block{block + 1}"):
            if parallel:
                x = _sum(net, [net.conv(x, width) for _ in range(count)])
            else:
                for _ in range(count):
                    x = net.conv(x, width)
    return net.graph


def bottlenecks(c: int, *, relu: bool, shortcut: bool, batch: int = 1, side: int = MAP) -> LayerGraph:
    """G4, Table 4: ResNet bottlenecks of ``c`` output and ``c / 4`` inner channels, ReLU and shortcut optional."""
    act = "relu" if relu else None
    net, x = _start(f"g4_{c}{'_relu' * relu}{'_shortcut' * shortcut}", c, batch, side)
    for block in range(BLOCKS):
        with net.block(f"block{block + 1}"):
            y = net.act(net.conv(x, c // 4), act)
            y = net.act(net.conv(y, c // 4, 3), act)
            y = net.conv(y, c)
            x = net.act(net.add_tensors(x, y) if shortcut else y, act)
    return net.graph


def from_table(table: str, variant: str, scale: str, config: str, *, batch: int = 1) -> LayerGraph:
    """The network of one row: ``("T1", "c1:c2=1:6", "x2", "(c1,c2) for x1=(52,312)")``.

    ``scale`` multiplies the widths of ``config`` (``x2``) or names the width itself (``c=256``).

    Raises:
        InputError: not a row of Tables 1 to 4.
    """
    try:
        if table == "T1":
            factor, c1, c2 = int(scale[1:]), *_numbers(config.split("=")[1])
            return channel_ratio(factor * c1, factor * c2, batch=batch)
        if table == "T2":
            return pointwise_groups(int(scale[1:]) * _numbers(config)[-1], _numbers(variant)[0], batch=batch)
        if table == "T3":
            return fragments(_numbers(scale)[0], _numbers(variant)[0], parallel="parallel" in variant, batch=batch)
        if table == "T4":
            return bottlenecks(
                _numbers(scale)[0], relu="relu=yes" in variant, shortcut="shortcut=yes" in variant, batch=batch
            )
    except (IndexError, KeyError, ValueError):
        pass
    raise InputError(
        f"no micro-network for {table}, {variant}, {scale}",
        where="ShuffleNet V2 Tables 1 to 4",
        mend="give table, variant, scale and config as printed in the paper",
    )


def _start(name: str, c: int, batch: int, side: int) -> tuple[NetBuilder, Tensor]:
    net = NetBuilder(name, source="arXiv 1807.11164")
    return net, net.input(batch, c, side, side)


def _sum(net: NetBuilder, branches: list[Tensor]) -> Tensor:
    """Merged two at a time, as element-wise additions are run."""
    total = branches[0]
    for branch in branches[1:]:
        total = net.add_tensors(total, branch)
    return total


def _numbers(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", text)]
