"""NAS-Bench-201 (Dong and Yang 2020, arXiv 2001.00326), Figure 1: any of its 15,625 cells as a network."""

from __future__ import annotations

import re
from functools import partial

from costsim.errors import InputError
from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.resnet import plain_branch
from costsim.networks.zoo import Family

CELL_NAMES = tuple(f"cell{number}" for number in range(1, 6))
"""Of each of the three stages."""

WIDTHS = (16, 32, 64)
OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")

ALL_3X3 = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
ALL_1X1 = ALL_3X3.replace("3x3", "1x1")
RESIDUAL = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|"


def nas_bench_201(
    *,
    name: str = "nas_bench_201_residual",
    cell: str = RESIDUAL,
    input_shape: tuple[int, int, int, int] = (1, 3, 32, 32),
    classes: int = 10,
) -> LayerGraph:
    """``cell`` is written as the benchmark writes it: ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``.

    Ops are none, skip_connect, nor_conv_1x1, nor_conv_3x3 and avg_pool_3x3; what no path joins with the output is
    left out.
    """
    edges = _edges(cell)
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, WIDTHS[0], 3, act=None)
    for stage, width in enumerate(WIDTHS, start=1):
        with net.block(f"stage{stage}"):
            if stage > 1:
                with net.block("reduction"):
                    y = plain_branch(net, x, width, 2)
                    x = net.add_tensors(net.conv(net.avg_pool(x, 2), width, 1), y)
            x = net.repeat(CELL_NAMES, x, partial(_cell, net, edges))
    with net.block("classifier"):
        net.linear(net.global_pool(net.act(net.bn(x))), classes)
    return net.graph


def _edges(cell: str) -> list[list[str]]:
    """The op from every earlier node, for each of the three nodes behind the first."""
    nodes = [re.findall(r"(\w+)~(\d)", part) for part in cell.split("+")]
    fits = [[int(source) for _, source in node] for node in nodes] == [[0], [0, 1], [0, 1, 2]]
    if not fits or any(op not in OPS for node in nodes for op, _ in node):
        raise InputError(f"'{cell}' is no cell of NAS-Bench-201", mend=f"write one like {RESIDUAL} of {', '.join(OPS)}")
    return [[op for op, _ in node] for node in nodes]


def _cell(net: NetBuilder, edges: list[list[str]], x: Tensor) -> Tensor:
    nodes: list[Tensor | None] = [x]
    for number, ops in enumerate(edges, start=1):
        live = [
            _op(net, node, op)
            for node, op in zip(nodes, ops, strict=True)
            if node is not None and op != "none" and _is_read(edges, number)
        ]
        nodes.append(net.add_tensors(*live) if len(live) > 1 else live[0] if live else None)
    if nodes[-1] is None:
        raise InputError("no path of the cell joins its input with its output", mend="give it an op that is not none")
    return nodes[-1]


def _is_read(edges: list[list[str]], node: int) -> bool:
    """Whether a path leads from a node to the last one."""
    last = len(edges)
    return node == last or any(
        ops[node] != "none" and _is_read(edges, later) for later, ops in enumerate(edges, start=1) if later > node
    )


def _op(net: NetBuilder, x: Tensor, op: str) -> Tensor:
    if op.startswith("nor_conv"):
        return net.bn(net.conv(net.act(x), x.c, int(op[-1])))
    return net.avg_pool(x, 3, 1, padding=1) if op.startswith("avg_pool") else x


FAMILY = Family(
    nas_bench_201,
    {
        "nas_bench_201_residual": {"cell": RESIDUAL},
        "nas_bench_201_all_3x3": {"cell": ALL_3X3},
        "nas_bench_201_all_1x1": {"cell": ALL_1X1},
    },
)
