"""Any classification network of the zoo as the backbone of another system."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import networkx as nx
import numpy as np

from costsim.graph import LayerGraph, NetBuilder, Node, Tensor
from costsim.graph.layers import Conv2d, Input
from costsim.networks.zoo import build

CLASSIFIER = frozenset({"classifier"})
WIDE_HEAD = frozenset({"classifier", "conv5", "conv_last"})
"""Blocks that widen the last map for the classifier; a detector reads the map before them."""


def attach_backbone(
    net: NetBuilder,
    x: Tensor,
    backbone: str,
    *,
    without: frozenset[str] = WIDE_HEAD,
    stem_stride: int | None = None,
    output_stride: int | None = None,
    whole_units: bool = False,
) -> dict[int, Tensor]:
    """Copy the zoo network ``backbone`` behind ``x``; its last map at each stride, by stride.

    Args:
        net: the network being written; the copy goes into its block ``backbone``.
        x: the image.
        backbone: name of a zoo network.
        without: top-level blocks left out.
        stem_stride: stride of the first convolution, where it is not the network's own.
        output_stride: where the maps stop shrinking; later convolutions are dilated instead (arXiv 1706.05587).
        whole_units: whether a map is one that its block ends with, never one inside a block that shrinks it.
    """
    graph = build(backbone, input_shape=x.shape)
    body = [node for node in graph if node.block.split(".")[0] not in without]
    copies: dict[str, Tensor] = {}
    rates: dict[str, int] = {}
    for node in body:
        if isinstance(node.layer, Input):
            copies[node.name] = x
            continue
        layer = node.layer
        rate = rates[node.name] = max(rates.get(name, 1) for name in node.inputs)
        if stem_stride and isinstance(layer, Conv2d):
            layer, stem_stride = replace(layer, stride=stem_stride), None
        if output_stride and isinstance(layer, Conv2d):
            layer, rates[node.name] = _dilated(layer, x.h / copies[node.inputs[0]].h, output_stride, rate)
        with net.block("backbone"), net.block(node.block) if node.block else nullcontext():
            operands = (copies[name] for name in node.inputs)
            copies[node.name] = net.add(layer, *operands, name=node.name.rpartition(".")[2])
    trunk = _trunk(graph, body[-1])
    if whole_units:
        trunk = [a for a, b in zip(trunk, [*trunk[1:], ""], strict=True) if not b or graph[a].block != graph[b].block]
    maps = (copies[name] for name in trunk)
    return {2 ** round(np.log2(x.h / y.h)): y for y in maps if len(y.shape) == 4}


def _dilated(layer: Conv2d, reached: float, output_stride: int, rate: int) -> tuple[Conv2d, int]:
    """The convolution behind a stride of ``reached``, with none past ``output_stride``, and the rate from then on."""
    step = layer.stride[0]
    if step > 1 and round(reached) * step > output_stride:
        layer, rate = replace(layer, stride=1), rate * step
    return (replace(layer, dilation=rate, padding=None) if max(layer.kernel) > 1 and rate > 1 else layer), rate


def _trunk(graph: LayerGraph, end: Node) -> list[str]:
    """The nodes that every path to ``end`` passes, in order: where no branch is open."""
    source = graph.inputs[0].name
    dominator = nx.immediate_dominators(graph.to_networkx(), source)
    trunk = [end.name]
    while trunk[-1] != source:
        trunk.append(dominator[trunk[-1]])
    return trunk[:-1][::-1]
