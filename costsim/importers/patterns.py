"""Chains of small ops that are one layer in their author's words.

Exporters take layers apart: a channel shuffle becomes reshape, transpose, reshape; a swish becomes
a sigmoid and a product. Devices and guidelines speak of the whole, so the parts are put together
again. Nothing is recognised by name, and a part that anybody else reads is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from costsim.graph import LayerGraph, Node
from costsim.graph import layers as L
from costsim.graph.layers import Layer

Match = tuple[Layer, tuple[str, ...], set[str]]
"""The layer that replaces a chain's last node, what it reads, and the other nodes of the chain."""


def simplify(graph: LayerGraph) -> LayerGraph:
    """The graph with every recognised chain as one layer, which keeps the name of the chain's last node."""
    while (simpler := _pass(graph)) is not graph:
        graph = simpler
    return graph


def _pass(graph: LayerGraph) -> LayerGraph:
    gone: set[str] = set()
    replaced: dict[str, Match] = {}
    for node in graph:
        for pattern in PATTERNS:
            match = pattern(graph, node)
            if match and not (match[2] | {node.name} | set(match[1])) & gone and node.name not in replaced:
                replaced[node.name] = match
                gone |= match[2]
                break
    if not replaced:
        return graph
    simpler = LayerGraph(graph.name, source=graph.source, notes=graph.notes)
    for node in graph:
        if node.name not in gone:
            layer, inputs, _ = replaced.get(node.name, (node.layer, node.inputs, None))
            simpler.add(layer, *inputs, name=node.name, block=node.block)
    return simpler


def _before(graph: LayerGraph, node: Node) -> Node | None:
    """The node this one reads, if it reads one only and is its only reader."""
    return _only_read_here(graph, node.inputs[0]) if len(node.inputs) == 1 else None


def _only_read_here(graph: LayerGraph, name: str) -> Node | None:
    return graph[name] if len(graph.consumers(name)) == 1 else None


def _is_activation(node: Node | None, *functions: str) -> bool:
    return node is not None and isinstance(node.layer, L.Activation) and node.layer.function in functions


def _is_scalar_op(node: Node | None, *functions: str) -> bool:
    """Arithmetic with one number: a tensor in, the same shape out, nothing stored."""
    if node is None or not isinstance(node.layer, L.Arithmetic) or len(node.inputs) != 1:
        return False
    return node.layer.function in functions and not node.layer.const_elems


def channel_shuffle(graph: LayerGraph, node: Node) -> Match | None:
    """(n, g, c/g, h, w) with the two channel axes swapped, and back to a map."""
    if not isinstance(node.layer, L.Reshape) or len(node.shape) != 4:
        return None
    swap = _before(graph, node)
    if swap is None or not isinstance(swap.layer, L.Transpose) or swap.layer.axes != (0, 2, 1, 3, 4):
        return None
    split = _before(graph, swap)
    if split is None or not isinstance(split.layer, L.Reshape) or graph[split.inputs[0]].shape != node.shape:
        return None
    if split.shape[3:] != node.shape[2:]:
        return None
    return L.ChannelShuffle(split.shape[1]), split.inputs, {split.name, swap.name}


def gated(graph: LayerGraph, node: Node) -> Match | None:
    """A tensor x times a sigmoid of x is swish; times a hard sigmoid, hard swish."""
    if not isinstance(node.layer, L.Multiply) or node.layer.const_elems or len(node.inputs) != 2:
        return None
    for x, gate in (node.inputs, node.inputs[::-1]):
        inner = _only_read_here(graph, gate)
        if inner is not None and _is_activation(inner, "sigmoid", "hard_sigmoid") and inner.inputs == (x,):
            function = {"sigmoid": "swish", "hard_sigmoid": "hard_swish"}[inner.layer.op]
            return L.Activation(function), (x,), {inner.name}
    return None


def hard_sigmoid(graph: LayerGraph, node: Node) -> Match | None:
    """A number added, clipped, divided by a number."""
    if not _is_scalar_op(node, "div", "mul"):
        return None
    clip = _before(graph, node)
    shift = _before(graph, clip) if clip is not None and _is_activation(clip, "relu6", "clip") else None
    if clip is None or shift is None or not _is_scalar_op(shift, "add"):
        return None
    return L.Activation("hard_sigmoid"), shift.inputs, {clip.name, shift.name}


def hard_swish_divided_last(graph: LayerGraph, node: Node) -> Match | None:
    """A tensor x times a clipped shift of x, divided by a number at the very end."""
    product = _before(graph, node) if _is_scalar_op(node, "div", "mul") else None
    if product is None or not isinstance(product.layer, L.Multiply) or len(product.inputs) != 2:
        return None
    for x, gate in (product.inputs, product.inputs[::-1]):
        clip = _only_read_here(graph, gate)
        shift = _before(graph, clip) if clip is not None and _is_activation(clip, "relu6", "clip") else None
        if clip is not None and shift is not None and _is_scalar_op(shift, "add") and shift.inputs == (x,):
            return L.Activation("hard_swish"), (x,), {product.name, clip.name, shift.name}
    return None


def gelu(graph: LayerGraph, node: Node) -> Match | None:
    """The steps x / sqrt 2, erf, plus 1, times x, times one half, in any order exporters use."""
    chain = set()
    outer = node
    if _is_scalar_op(node, "mul", "div"):  # the half at the end
        inner = _before(graph, node)
        if inner is None:
            return None
        chain.add(inner.name)
        outer = inner
    if not isinstance(outer.layer, L.Multiply) or len(outer.inputs) != 2:
        return None
    for left, right in (outer.inputs, outer.inputs[::-1]):
        plus = _only_read_here(graph, right)
        erf = _before(graph, plus) if _is_scalar_op(plus, "add") and plus is not None else None
        scaled = _before(graph, erf) if erf is not None and _is_activation(erf, "erf") else None
        if plus is None or erf is None or scaled is None or not _is_scalar_op(scaled, "div", "mul"):
            continue
        x = scaled.inputs[0]
        half = _only_read_here(graph, left)
        if left == x and outer is not node:
            return L.Activation("gelu"), (x,), chain | {plus.name, erf.name, scaled.name}
        if half is not None and _is_scalar_op(half, "mul", "div") and half.inputs == (x,):
            return L.Activation("gelu"), (x,), chain | {half.name, plus.name, erf.name, scaled.name}
    return None


def layer_norm(graph: LayerGraph, node: Node) -> Match | None:
    """(x - mean) / sqrt(mean((x - mean)^2) + eps) over the last axis."""
    if not isinstance(node.layer, L.Arithmetic) or node.layer.function != "div" or len(node.inputs) != 2:
        return None
    centred = graph[node.inputs[0]]
    chain = list(_deviation(graph, graph[node.inputs[1]], centred))
    if not chain or not isinstance(centred.layer, L.Arithmetic) or centred.layer.function != "sub":
        return None
    x, mean = centred.inputs if len(centred.inputs) == 2 else ("", "")
    if not mean or not _is_last_mean(graph[mean]) or graph[mean].inputs != (x,):
        return None
    members = {centred.name, mean, *(member.name for member in chain)}
    outside = {c.name for name in members for c in graph.consumers(name)} - members - {node.name}
    return None if outside else (L.LayerNorm(affine=False), (x,), members)


def _deviation(graph: LayerGraph, root: Node, centred: Node) -> Iterator[Node]:
    """The nodes from a square root back to the centred tensor; none if they are not a deviation."""
    epsilon = _before(graph, root) if _is_activation(root, "sqrt") else None
    mean = _before(graph, epsilon) if epsilon is not None and _is_scalar_op(epsilon, "add") else None
    power = _before(graph, mean) if mean is not None and _is_last_mean(mean) else None
    squares = power is not None and (_is_scalar_op(power, "pow") or power.inputs == (centred.name,) * 2)
    if epsilon is not None and mean is not None and power is not None and squares and centred.name in power.inputs:
        yield from (root, epsilon, mean, power)


def _is_last_mean(node: Node) -> bool:
    return (
        isinstance(node.layer, L.Reduce)
        and node.layer.function == "mean"
        and node.layer.axes
        in (
            (len(node.shape) - 1,),
            (-1,),
        )
    )


def learned_norm(graph: LayerGraph, node: Node) -> Match | None:
    """A normalisation times a scale plus a shift, one of each per element of the last dimension."""
    if not isinstance(node.layer, L.Add) or len(node.inputs) != 1:
        return None
    scale = _before(graph, node)
    if scale is None or not isinstance(scale.layer, L.Multiply):
        return None
    norm = _before(graph, scale)
    wide = node.shape[-1]
    if norm is None or norm.layer != L.LayerNorm(affine=False):
        return None
    if (scale.layer.const_elems, node.layer.const_elems) != (wide, wide):
        return None
    return L.LayerNorm(), norm.inputs, {scale.name, norm.name}


def scaled_batch_norm(graph: LayerGraph, node: Node) -> Match | None:
    """Caffe stores a batch norm as a normalisation, a scale and a shift per channel."""
    if not isinstance(node.layer, L.Add) or len(node.inputs) != 1 or node.layer.const_elems != node.shape[1]:
        return None
    scale = _before(graph, node)
    if scale is None or not isinstance(scale.layer, L.Multiply) or scale.layer.const_elems != node.shape[1]:
        return None
    norm = _before(graph, scale)
    if norm is None or not isinstance(norm.layer, L.BatchNorm):
        return None
    return L.BatchNorm(), norm.inputs, {scale.name, norm.name}


def bias(graph: LayerGraph, node: Node) -> Match | None:
    """A stored vector added behind a layer with weights is its bias."""
    if not isinstance(node.layer, L.Add) or len(node.inputs) != 1:
        return None
    layer = _before(graph, node)
    if layer is None or not isinstance(layer.layer, (L.Conv2d, L.ConvTranspose2d, L.Linear)) or layer.layer.bias:
        return None
    features = layer.shape[-1] if isinstance(layer.layer, L.Linear) else layer.shape[1]
    if node.layer.const_elems != features:
        return None
    return replace(layer.layer, bias=True), layer.inputs, {layer.name}


PATTERNS: tuple[Callable[[LayerGraph, Node], Match | None], ...] = (
    channel_shuffle,
    gated,
    hard_sigmoid,
    hard_swish_divided_last,
    gelu,
    layer_norm,
    learned_norm,
    scaled_batch_norm,
    bias,
)
