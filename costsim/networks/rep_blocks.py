"""Blocks that are trained with branches and deployed as one convolution (arXiv 2101.03697, 2206.04040)."""

from __future__ import annotations

from costsim.edit import reparameterise
from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Dim


def branched_conv(
    net: NetBuilder,
    x: Tensor,
    c_out: Dim,
    kernel: int = 3,
    *,
    stride: int = 1,
    groups: Dim = 1,
    branches: int = 1,
    point: bool = True,
) -> Tensor:
    """The sum of ``branches`` equal convolutions, a 1x1 where ``kernel`` is larger, and the input, each normed.

    ``point`` leaves the 1x1 out. The input is there only where shapes are kept.
    """
    parts = [net.bn(x)] if stride == 1 and x.c == c_out else []
    if point and kernel > 1:
        parts.append(net.conv_bn(x, c_out, 1, act=None, stride=stride, groups=groups))
    parts += [net.conv_bn(x, c_out, kernel, act=None, stride=stride, groups=groups) for _ in range(branches)]
    return net.add_tensors(*parts) if len(parts) > 1 else parts[0]


def deployed(graph: LayerGraph, training: bool) -> LayerGraph:
    """The network as it is trained, or with its branches added up."""
    return graph if training else reparameterise(graph)
