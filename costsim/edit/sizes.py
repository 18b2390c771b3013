"""Edits that make a whole network smaller or its arithmetic cheaper: narrower, in groups, with other activations."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from math import lcm

from costsim.edit.equal_macs import width_steps
from costsim.edit.rewrite import is_depthwise, keep, rewrite
from costsim.edit.widths import Plan, Widths
from costsim.errors import InputError
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Activation, Conv2d, ConvTranspose2d, Dim, Linear, Reshape, ReshapeLike

LEAST_GROUP_CHANNELS = 8
"""Channels a group keeps: below it group convolutions leave the arithmetic of any device idle (guideline V2)."""


def scale_widths(graph: LayerGraph, factor: float, multiple: int = 8) -> LayerGraph:
    """All free widths times ``factor``, rounded to ``multiple`` and to what groups and shuffles divide.

    Widths that outputs and reshapes prescribe are left as they are. Of a concatenation every branch is scaled.

    Raises:
        InputError: no width is free, or the narrower network does not fit together.
    """
    widths = Widths(graph)
    fixed = {widths.decided_by(name) for name in answering(graph)}
    free = [f for f in widths.free([node.name for node in graph]) if f.name not in fixed]
    if not free:
        raise InputError("no channel count is free to change", where=graph.name)
    steps = width_steps(widths, free, {})
    channels: dict[str, Dim] = {}
    for f in free:
        width = (f.total if f.concat else f.channels) * factor
        step = steps[f.name] if width < 4 * multiple else lcm(steps[f.name], multiple)
        channels[f.name] = max(1, round(width / step)) * step
    return widths.apply(Plan(channels, {f.name: f.concat for f in free if f.concat}))


def answering(graph: LayerGraph) -> set[str]:
    """Convolutions whose channels an output of the network, or a reshape to given numbers, prescribes.

    That is: no other weighing of channels stands in between.
    """
    found: set[str] = set()
    seen: set[str] = set()
    reshapes = (node for node in graph if isinstance(node.layer, (Reshape, ReshapeLike)) and not _flattens(node))
    open_ends = [node.name for node in (*graph.outputs, *reshapes)]
    while open_ends:
        node = graph[open_ends.pop()]
        if node.name in seen:
            continue
        seen.add(node.name)
        if isinstance(node.layer, Conv2d) and not is_depthwise(graph, node):
            found.add(node.name)
        elif not isinstance(node.layer, (ConvTranspose2d, Linear)):
            open_ends.extend(node.inputs)
    return found


def _flattens(node: Node) -> bool:
    return isinstance(node.layer, Reshape) and node.layer.shape == (-1,)


def group_convs(graph: LayerGraph, groups: int) -> LayerGraph:
    """Dense convolutions in ``groups`` groups, where each keeps ``LEAST_GROUP_CHANNELS`` channels in and out.

    The convolutions that answer, and those over one pixel, stay dense.

    Raises:
        InputError: no convolution is wide enough.
    """
    kept = answering(graph)
    chosen = {node.name for node in graph if node.name not in kept and _divides(graph, node, groups)}
    if not chosen:
        raise InputError(f"no dense convolution can be had in {groups} groups", where=graph.name)

    def write(new: LayerGraph, node: Node, inputs: tuple[str, ...]) -> str:
        layer = replace(node.layer, groups=groups) if node.name in chosen else node.layer  # type: ignore[call-arg]
        return keep(new, node, inputs, layer)

    return rewrite(graph, write)


def _divides(graph: LayerGraph, node: Node, groups: int) -> bool:
    if not isinstance(node.layer, Conv2d) or node.layer.groups != 1 or node.shape[2] * node.shape[3] == 1:
        return False
    sides = (graph.input_shapes(node)[0][1], node.shape[1])
    return all(c % groups == 0 and c // groups >= LEAST_GROUP_CHANNELS for c in sides)


CHEAPER_ACTIVATIONS = {
    "swish": ("hard_swish", "relu"), "gelu": ("hard_swish", "relu"), "mish": ("hard_swish", "relu"),
    "hard_swish": ("relu",), "elu": ("relu",), "prelu": ("relu",), "sigmoid": ("hard_sigmoid",),
}  # fmt: skip
"""Activation to what networks have been trained with in its place: MobileNet v3 (1905.02244) names hard-swish and
hard-sigmoid."""


def spoken(activation: str) -> str:
    """An activation as people write it: ``SiLU``."""
    names = {"swish": "SiLU", "relu": "ReLU", "gelu": "GELU", "elu": "ELU", "prelu": "PReLU"}
    return names.get(activation, activation.replace("_", "-"))


def swap_activations(graph: LayerGraph, old: str, new: str, names: Collection[str] | None = None) -> LayerGraph:
    """Every activation ``old``, or of those the named ones, becomes ``new``.

    Raises:
        InputError: the network has none, or ``new`` is unknown.
    """
    if old not in activations(graph):
        raise InputError(f"has no {old}", where=graph.name)

    def write(to: LayerGraph, node: Node, inputs: tuple[str, ...]) -> str:
        is_old = isinstance(node.layer, Activation) and node.layer.function == old
        is_old = is_old and (names is None or node.name in names)
        return keep(to, node, inputs, Activation(new) if is_old else node.layer)

    return rewrite(graph, write)


def activations(graph: LayerGraph) -> list[str]:
    """The functions of one element in the network, in the order they first come."""
    return list(dict.fromkeys(_functions(graph)))


def _functions(graph: LayerGraph) -> Iterator[str]:
    for node in graph:
        if isinstance(node.layer, Activation):
            yield node.layer.function
