"""Edits that trade one structure for another at the same multiply-accumulates.

Each leaves one number open - a width, or a factor on all widths of a region - and takes the value
at which the whole network has the macs it had. All candidates are tried in one pass: the graph
is rewritten once with arrays for channel counts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from math import lcm
from typing import Any

import numpy as np

from costsim.edit.rewrite import is_depthwise, is_grouped
from costsim.edit.widths import FreeWidth, Plan, Widths
from costsim.errors import InputError
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import Conv2d, Layer

TOLERANCE = 0.01
"""Channels are whole: macs are met to within this ratio, or the edit is refused."""

ROUND = (8, 4, 1)
"""Widths are multiples of the first of these that keeps the macs: what designers write, and devices like."""

SCALES = np.geomspace(0.02, 4, 1024)
"""Factors tried on the widths of a region."""


MOST_WIDTHS = 2**14
"""Widths tried at once; of wider tensors only every so many channels."""


def balance_channels(graph: LayerGraph, names: Collection[str]) -> LayerGraph:
    """All tensors between the named nodes as wide as each other (the counterfactual of G1).

    Where several convolutions are concatenated, the whole has that width and each its share of it.

    Raises:
        InputError: no width gives the macs within 1 %.
    """
    widths = Widths(graph)
    free = widths.free(names)
    steps = width_steps(widths, free, {})
    widest = max((f.total for f in free), default=0)

    def at(width: Any) -> LayerGraph:
        shares = {f.name: width if f.concat else _multiple(width * f.channels / f.total, steps[f.name]) for f in free}
        return widths.apply(_plan(free, shares, {}))

    def rounded(multiple: int) -> LayerGraph:
        step = lcm(multiple, *steps.values())
        step *= max(1, -(-widest // (step * MOST_WIDTHS)))
        return _at_equal_macs(graph, free, at, np.arange(step, max(widest, step) + 1, step))

    return _first(rounded, ROUND)


def fewer_groups(graph: LayerGraph, names: Collection[str]) -> LayerGraph:
    """``change_groups`` with the fewest groups that whole channel counts allow.

    Raises:
        InputError: none fewer than now does.
    """
    most = max(
        (layer.groups for name, layer in _convs(graph, names).items() if is_grouped(graph, graph[name])), default=1
    )
    for groups in (g for g in (1, 2, 3, 4, 6, 8, 16) if g < most):
        try:
            return change_groups(graph, names, groups)
        except InputError:
            continue
    raise InputError("no fewer groups keep the macs within 1 %", where=graph.name)


def change_groups(graph: LayerGraph, names: Collection[str], groups: int = 1) -> LayerGraph:
    """Fewer groups and narrower layers: the named nodes' group convolutions with ``groups``,
    all free widths among them scaled by one factor (the counterfactual of G2).

    Raises:
        InputError: no scale gives the macs within 1 %.
    """
    layers = {
        name: replace(layer, groups=groups)
        for name, layer in _convs(graph, names).items()
        if is_grouped(graph, graph[name]) and layer.groups > groups
    }
    if not layers:
        raise InputError(f"no convolution of more than {groups} groups there", where=graph.name)
    return _scaled(graph, names, layers)


def fix_group_channels(graph: LayerGraph, names: Collection[str], group_channels: int = 8) -> LayerGraph:
    """Depthwise convolutions become group convolutions of ``group_channels`` channels each, all
    free widths scaled by one factor (the counterfactual of V2).

    Raises:
        InputError: no scale gives the macs within 1 %.
    """
    widths = Widths(graph)
    free = {root for f in widths.free(names) for root in (f.name, f.concat)}
    layers: dict[str, Layer] = {}
    for name, layer in _convs(graph, names).items():
        source = graph[name].inputs[0]
        c_in = graph[source].shape[1]
        fits = c_in % group_channels == 0 or widths.decided_by(source) in free
        if is_depthwise(graph, graph[name]) and c_in > group_channels and fits:
            layers[name] = replace(layer, groups=c_in / group_channels)
    if not layers:
        raise InputError("no depthwise convolution there to change", where=graph.name)
    return _scaled(graph, names, layers)


def round_widths(graph: LayerGraph, names: Collection[str], multiple: int) -> LayerGraph:
    """All free widths among the named nodes to multiples of ``multiple`` (the counterfactual of Q1).

    Raises:
        InputError: no multiples give the macs within 1 %.
    """
    return _scaled(graph, names, {}, (multiple,))


def _scaled(
    graph: LayerGraph, names: Collection[str], layers: Mapping[str, Any], multiples: Sequence[int] = ROUND
) -> LayerGraph:
    widths = Widths(graph)
    free = widths.free(names)
    steps = width_steps(widths, free, layers)

    def rounded(multiple: int) -> LayerGraph:
        def at(scale: Any) -> LayerGraph:
            full = {f.name: (f.total if f.concat else f.channels) * scale for f in free}
            channels = {name: _multiple(width, lcm(steps[name], multiple)) for name, width in full.items()}
            return widths.apply(_plan(free, channels, layers))

        return _at_equal_macs(graph, free, at, SCALES)

    return _first(rounded, multiples)


def _first(edit: Callable[[int], LayerGraph], multiples: Sequence[int]) -> LayerGraph:
    """The edit with the first multiple that it is possible with."""
    for multiple in multiples[:-1]:
        try:
            return edit(multiple)
        except InputError:
            continue
    return edit(multiples[-1])


def _plan(free: Collection[FreeWidth], channels: Mapping[str, Any], layers: Mapping[str, Any]) -> Plan:
    return Plan(channels, {f.name: f.concat for f in free if f.concat}, layers)


def _at_equal_macs(
    graph: LayerGraph, free: Collection[FreeWidth], at: Callable[[Any], LayerGraph], candidates: np.ndarray
) -> LayerGraph:
    """The candidate whose macs are nearest to the graph's; ``at`` takes one or all of them."""
    if not free:
        raise InputError("no channel count is free to change", where=graph.name)
    tried = at(candidates)
    error = np.broadcast_to(np.abs(tried.total_macs / graph.total_macs - 1), candidates.shape)
    error = np.where(tried.valid, error, np.inf)
    best = np.argmin(error)
    if not error[best] <= TOLERANCE:
        raise InputError("no whole channel counts keep the macs within 1 %", where=graph.name)
    return at(candidates[best].item())


def _convs(graph: LayerGraph, names: Collection[str]) -> dict[str, Any]:
    return {name: graph[name].layer for name in names if isinstance(graph[name].layer, Conv2d)}


def width_steps(widths: Widths, free: Collection[FreeWidth], layers: Mapping[str, Any]) -> dict[str, int]:
    """Free width to what it must be a multiple of: the groups of all that write or read it, shuffles too."""
    steps = {f.name: 1 for f in free}
    behind = {f.concat or f.name: f.name for f in free} | {f.name: f.name for f in free}
    for node in widths.graph:
        multiple = _multiple_for(widths.graph, node, layers.get(node.name, node.layer))
        touched = {widths.decided_by(name) for name in (*node.inputs, node.name)} if multiple > 1 else ()
        for name in {behind[root] for root in touched if root in behind}:
            steps[name] = lcm(steps[name], multiple)
    return steps


def _multiple_for(graph: LayerGraph, node: Node, layer: Any) -> int:
    """What the channels a layer reads must be a multiple of."""
    if is_depthwise(graph, node):
        return round(graph[node.inputs[0]].shape[1] / layer.groups)
    return int(getattr(layer, "groups", 1))


def _multiple(channels: Any, step: int) -> Any:
    rounded = np.maximum(1, np.round(channels / step)) * step
    return rounded.astype(np.int64) if isinstance(rounded, np.ndarray) else int(rounded)
