"""Composite layers as their parts, for targets that have the parts and not the whole.

Importers put a sigmoid and a product together to a swish, since most runtimes run it as one op. A compiler
that only knows the two runs them one after the other on its array; it does not send them to a host core.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from costsim.graph import LayerGraph, Node
from costsim.graph import layers as L
from costsim.tables.words import word


def in_parts(graph: LayerGraph, runs: Collection[str]) -> tuple[LayerGraph, Mapping[str, str]]:
    """The graph with every composite layer that is not among ``runs``, and whose parts are, as those parts.

    The last part keeps the layer's name, so that its readers find it.

    Returns:
        The graph, and for each part that was added the layer it belongs to.
    """
    belongs: dict[str, str] = {}
    while any(comes_apart(node.placed.op, runs) for node in graph):  # parts may be composite themselves
        graph = _one_level(graph, runs, belongs)
    return graph, belongs


def comes_apart(op: str, runs: Collection[str]) -> bool:
    """Whether a target with these ops executes the word as its parts."""
    return op not in runs and op in PARTS and all(part in runs or comes_apart(part, runs) for part in word(op).parts)


def _one_level(graph: LayerGraph, runs: Collection[str], belongs: dict[str, str]) -> LayerGraph:
    made = LayerGraph(graph.name, source=graph.source, notes=graph.notes)
    for node in graph:
        if not comes_apart(node.placed.op, runs):
            made.add(node.layer, *node.inputs, name=node.name, block=node.block)
            continue
        owner = belongs.get(node.name, node.name)
        steps = PARTS[node.placed.op](node)
        names = [*(f"{node.name}:{number}" for number in range(len(steps) - 1)), node.name]
        for number, (layer, reads) in enumerate(steps):
            sources = {INPUT: node.inputs[0], PREVIOUS: names[number - 1] if number else node.inputs[0]}
            inputs = [sources[i] if i in sources else names[i] for i in reads]
            made.add(layer, *inputs, name=names[number], block=node.block)
            belongs[names[number]] = owner
    return made


INPUT, PREVIOUS = -2, -1
"""What a part reads: the composite's input or the part before; other numbers name an earlier part."""

Steps = list[tuple[L.Layer, tuple[int, ...]]]


def _times_input(*functions: str) -> Callable[[Node], Steps]:
    """A gate of the input, and the input times it."""

    def steps(node: Node) -> Steps:
        gate: Steps = [(L.Activation(function), (PREVIOUS,)) for function in functions]
        return [*gate, (L.Multiply(), (INPUT, PREVIOUS))]

    return steps


def _shuffle(node: Node) -> Steps:
    """Groups and their channels exchange places."""
    _, c, *size = node.shape
    assert isinstance(node.layer, L.ChannelShuffle)
    groups = node.layer.groups
    turned = (0, 2, 1, *range(3, 3 + len(size)))
    return [
        (L.Reshape((groups, c // groups, *size)), (PREVIOUS,)),
        (L.Transpose(turned), (PREVIOUS,)),
        (L.Reshape((c, *size)), (PREVIOUS,)),
    ]


def _layer_norm(node: Node) -> Steps:
    """Mean, differences, their squares, variance, its root, and with learned scale and shift the last two."""
    assert isinstance(node.layer, L.LayerNorm)
    last = (len(node.shape) - 1,)
    width = node.shape[-1]
    steps: Steps = [
        (L.Reduce(last, "mean", keepdims=True), (INPUT,)),
        (L.Arithmetic("sub"), (INPUT, PREVIOUS)),
        (L.Multiply(), (PREVIOUS, PREVIOUS)),
        (L.Reduce(last, "mean", keepdims=True), (PREVIOUS,)),
        (L.Activation("rsqrt"), (PREVIOUS,)),
        (L.Multiply(), (1, PREVIOUS)),
    ]
    if node.layer.affine:
        steps += [(L.Multiply(const_elems=width), (PREVIOUS,)), (L.Add(const_elems=width), (PREVIOUS,))]
    return steps


def _rms_norm(node: Node) -> Steps:
    """Squares, their mean, its root, and with a learned scale one more product."""
    assert isinstance(node.layer, L.RmsNorm)
    steps: Steps = [
        (L.Activation("square"), (INPUT,)),
        (L.Reduce((len(node.shape) - 1,), "mean", keepdims=True), (PREVIOUS,)),
        (L.Activation("rsqrt"), (PREVIOUS,)),
        (L.Multiply(), (INPUT, PREVIOUS)),
    ]
    return [*steps, (L.Multiply(const_elems=node.shape[-1]), (PREVIOUS,))] if node.layer.affine else steps


def _hard_sigmoid(node: Node) -> Steps:
    """A clipped line: one number added, the rest cut off, one number multiplied."""
    return [(L.Add(), (PREVIOUS,)), (L.Activation("clip"), (PREVIOUS,)), (L.Multiply(), (PREVIOUS,))]


PARTS: dict[str, Callable[[Node], Steps]] = {
    "channel_shuffle": _shuffle,
    "hard_sigmoid": _hard_sigmoid,
    "hard_swish": _times_input("hard_sigmoid"),
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "mish": _times_input("softplus", "tanh"),
    "swish": _times_input("sigmoid"),
}
"""How the parts of each composite word of the table are wired."""
