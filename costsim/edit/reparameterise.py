"""Re-parameterisation: parallel linear branches over one tensor become the one convolution they add up to.

RepVGG (arXiv 2101.03697), MobileOne (arXiv 2206.04040) and FastViT (arXiv 2303.14189) are trained with branches
and deployed without. The function stays exactly the same; parameters and multiply-accumulates shrink.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from costsim.edit.rewrite import keep, rewrite
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Arithmetic, BatchNorm, Conv2d, Multiply


@dataclass(frozen=True)
class _Linear:
    """What a tensor is of another: a convolution, or without one a factor and an offset a channel."""

    source: str
    conv: Conv2d | None = None
    members: frozenset[str] = frozenset()


def reparameterise(graph: LayerGraph) -> LayerGraph:
    """Every sum of convolutions, norms and shortcuts of one tensor, and every convolution with its norm, as one
    convolution with a bias, which has the name of the last layer of the sum.
    """
    merged: dict[str, Conv2d] = {}
    gone: set[str] = set()
    for node in reversed(list(graph)):
        if node.name not in gone and _may_end(node):
            found = _linear(graph, node)
            if found.conv is not None and len(found.members) > 1:
                merged[node.name] = replace(found.conv, bias=True)
                gone |= found.members - {node.name}

    def write(new: LayerGraph, node: Node, inputs: tuple[str, ...]) -> str:
        if node.name in gone:
            return inputs[0]  # in the end the tensor that all branches read
        if node.name in merged:
            return new.add(merged[node.name], inputs[0], name=node.name, block=node.block).name
        return keep(new, node, inputs)

    return rewrite(graph, write)


def _may_end(node: Node) -> bool:
    """A learned scale alone is left where it is."""
    return isinstance(node.layer, (Conv2d, BatchNorm)) or _is_sum(node)


def _is_sum(node: Node) -> bool:
    layer = node.layer
    return isinstance(layer, Arithmetic) and layer.function in ("add", "sub") and not layer.const_elems


def _is_scale(node: Node) -> bool:
    """A norm, or a learned factor a channel."""
    layer = node.layer
    return isinstance(layer, BatchNorm) or (isinstance(layer, Multiply) and len(node.inputs) == 1)


def _linear(graph: LayerGraph, node: Node) -> _Linear:
    """The node as a linear function of the tensor furthest back, through layers nothing else reads."""
    own = frozenset({node.name})
    if isinstance(node.layer, Conv2d):
        return _Linear(node.inputs[0], node.layer, own)
    if _is_scale(node):
        (operand,) = _operands(graph, node)
        return replace(operand, members=operand.members | own)
    if _is_sum(node):
        operands = _operands(graph, node)
        conv = _sum([operand.conv for operand in operands])
        if len({operand.source for operand in operands}) == 1 and conv is not None:
            return _Linear(operands[0].source, conv, own.union(*(operand.members for operand in operands)))
    return _Linear(node.name)


def _operands(graph: LayerGraph, node: Node) -> list[_Linear]:
    return [_linear(graph, graph[name]) if graph.reader_count(name) == 1 else _Linear(name) for name in node.inputs]


def _sum(convs: list[Conv2d | None]) -> Conv2d | None:
    """The convolution that a sum is: the largest of its kernels, around the same pixels as all others."""
    found = [conv for conv in convs if conv is not None]
    if not found:
        return None
    largest = max(found, key=lambda conv: conv.kernel[0] * conv.kernel[1])
    shapes = {(conv.out_channels, conv.stride, conv.groups, _centre(conv)) for conv in found}
    if len(found) < len(convs):  # a shortcut is a kernel of one pixel
        shapes.add((largest.out_channels, (1, 1), largest.groups, (0, 0)))
    return largest if len(shapes) == 1 else None


def _centre(conv: Conv2d) -> Any:
    """Where the middle of the kernel first lies, relative to the first pixel."""
    spans = [d * (k - 1) for k, d in zip(conv.kernel, conv.dilation, strict=True)]
    return tuple(span / 2 - before for span, before in zip(spans, (conv.padding[0], conv.padding[2]), strict=True))
