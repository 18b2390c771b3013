"""Activations and shuffles that exporters take apart."""

from __future__ import annotations

from costsim.graph import LayerGraph, Node
from costsim.graph import layers as L
from costsim.importers.patterns.match import Match, before, is_activation, is_scalar_op, only_read_here


def channel_shuffle(graph: LayerGraph, node: Node) -> Match | None:
    """(n, g, c/g, h, w) with the two channel axes swapped, and back to a map."""
    if not isinstance(node.layer, L.Reshape) or len(node.shape) != 4:
        return None
    swap = before(graph, node)
    if swap is None or not isinstance(swap.layer, L.Transpose) or swap.layer.axes != (0, 2, 1, 3, 4):
        return None
    split = before(graph, swap)
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
        inner = only_read_here(graph, gate)
        if inner is not None and is_activation(inner, "sigmoid", "hard_sigmoid") and inner.inputs == (x,):
            function = {"sigmoid": "swish", "hard_sigmoid": "hard_swish"}[inner.layer.op]
            return L.Activation(function), (x,), {inner.name}
    return None


def hard_sigmoid(graph: LayerGraph, node: Node) -> Match | None:
    """A number added, clipped, divided by a number."""
    if not is_scalar_op(node, "div", "mul"):
        return None
    clip = before(graph, node)
    shift = before(graph, clip) if clip is not None and is_activation(clip, "relu6", "clip") else None
    if clip is None or shift is None or not is_scalar_op(shift, "add"):
        return None
    return L.Activation("hard_sigmoid"), shift.inputs, {clip.name, shift.name}


def hard_swish_divided_last(graph: LayerGraph, node: Node) -> Match | None:
    """A tensor x times a clipped shift of x, divided by a number at the very end."""
    product = before(graph, node) if is_scalar_op(node, "div", "mul") else None
    if product is None or not isinstance(product.layer, L.Multiply) or len(product.inputs) != 2:
        return None
    for x, gate in (product.inputs, product.inputs[::-1]):
        clip = only_read_here(graph, gate)
        shift = before(graph, clip) if clip is not None and is_activation(clip, "relu6", "clip") else None
        if clip is not None and shift is not None and is_scalar_op(shift, "add") and shift.inputs == (x,):
            return L.Activation("hard_swish"), (x,), {product.name, clip.name, shift.name}
    return None


def gelu(graph: LayerGraph, node: Node) -> Match | None:
    """The steps x / sqrt 2, erf, plus 1, times x, times one half, in any order exporters use."""
    chain = set()
    outer = node
    if is_scalar_op(node, "mul", "div"):  # the half at the end
        inner = before(graph, node)
        if inner is None:
            return None
        chain.add(inner.name)
        outer = inner
    if not isinstance(outer.layer, L.Multiply) or len(outer.inputs) != 2:
        return None
    for left, right in (outer.inputs, outer.inputs[::-1]):
        plus = only_read_here(graph, right)
        erf = before(graph, plus) if is_scalar_op(plus, "add") and plus is not None else None
        scaled = before(graph, erf) if erf is not None and is_activation(erf, "erf") else None
        if plus is None or erf is None or scaled is None or not is_scalar_op(scaled, "div", "mul"):
            continue
        x = scaled.inputs[0]
        half = only_read_here(graph, left)
        if left == x and outer is not node:
            return L.Activation("gelu"), (x,), chain | {plus.name, erf.name, scaled.name}
        if half is not None and is_scalar_op(half, "mul", "div") and half.inputs == (x,):
            return L.Activation("gelu"), (x,), chain | {half.name, plus.name, erf.name, scaled.name}
    return None
