"""Normalisations and biases that exporters take apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from costsim.graph import LayerGraph, Node
from costsim.graph import layers as L
from costsim.importers.patterns.match import Match, before, is_activation, is_scalar_op, only_read_here


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
    epsilon = before(graph, root) if is_activation(root, "sqrt") else None
    mean = before(graph, epsilon) if epsilon is not None and is_scalar_op(epsilon, "add") else None
    power = before(graph, mean) if mean is not None and _is_last_mean(mean) else None
    squares = power is not None and (
        is_scalar_op(power, "pow") or is_activation(power, "square") or power.inputs == (centred.name,) * 2
    )
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
    scale = before(graph, node)
    if scale is None or not isinstance(scale.layer, L.Multiply):
        return None
    norm = before(graph, scale)
    wide = node.shape[-1]
    if norm is None or norm.layer != L.LayerNorm(affine=False):
        return None
    if (scale.layer.const_elems, node.layer.const_elems) != (wide, wide):
        return None
    return L.LayerNorm(), norm.inputs, {scale.name, norm.name}


def scaled_batch_norm(graph: LayerGraph, node: Node) -> Match | None:
    """Caffe stores a batch norm as a normalisation, a scale and a shift per channel."""
    if not isinstance(node.layer, L.Add) or len(node.inputs) != 1 or node.shape[1:2] != (node.layer.const_elems,):
        return None
    scale = before(graph, node)
    if scale is None or not isinstance(scale.layer, L.Multiply) or scale.layer.const_elems != node.shape[1]:
        return None
    norm = before(graph, scale)
    if norm is None or not isinstance(norm.layer, L.BatchNorm):
        return None
    return L.BatchNorm(), norm.inputs, {scale.name, norm.name}


def local_response_norm(graph: LayerGraph, node: Node) -> Match | None:
    """A tensor over a power of the mean of its neighbours' squares, taken by pooling channels in 3-d."""
    if not isinstance(node.layer, L.Arithmetic) or node.layer.function != "div" or len(node.inputs) != 2:
        return None
    x, at = graph[node.inputs[0]], only_read_here(graph, node.inputs[1])
    members, padded = set(), None
    while at is not None and at.inputs != (x.name,) * 2 and not is_activation(at, "square"):
        if not (
            is_scalar_op(at, "mul", "add", "pow") or isinstance(at.layer, (L.Reshape, L.Pad, L.IndexSelect, L.Reduce))
        ):
            return None
        members.add(at.name)
        padded = at if isinstance(at.layer, L.Pad) else padded
        at = before(graph, at)
    if at is None or padded is None or len(x.shape) != 4 or set(at.inputs) != {x.name}:
        return None
    n, c, h, w = x.shape
    size = prod(padded.shape) // (n * h * w) - c + 1
    return L.LRN(size), (x.name,), members | {at.name}


def bias(graph: LayerGraph, node: Node) -> Match | None:
    """A stored vector added behind a layer with weights is its bias."""
    if not isinstance(node.layer, L.Add) or len(node.inputs) != 1:
        return None
    layer = before(graph, node)
    if layer is None or not isinstance(layer.layer, (L.Conv2d, L.ConvTranspose2d, L.Linear)) or layer.layer.bias:
        return None
    features = layer.shape[-1] if isinstance(layer.layer, L.Linear) else layer.shape[1]
    if node.layer.const_elems != features:
        return None
    return replace(layer.layer, bias=True), layer.inputs, {layer.name}
