"""Edits that trade one structure for another at the same multiply-accumulates.

Each leaves one number open - a width, or a factor on all widths of a region - and takes the value
at which the whole network has the macs it had. All candidates are tried in one pass: the graph
is rewritten once with arrays for channel counts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from math import lcm
from typing import Any

import numpy as np

from costsim.edit.rewrite import is_depthwise, is_grouped
from costsim.edit.widths import Plan, Widths
from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.graph.layers import Conv2d, Layer

TOLERANCE = 0.01
"""Channels are whole: macs are met to within this ratio, or the edit is refused."""

SCALES = np.geomspace(0.02, 4, 1024)
"""Factors tried on the widths of a region."""


def balance_channels(graph: LayerGraph, names: Collection[str]) -> LayerGraph:
    """All free widths among the named nodes set to one number (the counterfactual of G1).

    Raises:
        InputError: no width gives the macs within 1 %.
    """
    widths = Widths(graph)
    free = widths.free(names)
    step = _step(graph, names)
    widest = max((f.total for f in free), default=0)
    candidates = np.arange(step, max(widest, step) + 1, step)
    return _at_equal_macs(graph, lambda width: widths.apply(Plan({f.name: width for f in free})), candidates)


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
    all free widths among them scaled alike (the counterfactual of G2).

    Raises:
        InputError: no scale gives the macs within 1 %.
    """
    layers = {
        name: replace(layer, groups=groups)
        for name, layer in _convs(graph, names).items()
        if is_grouped(graph, graph[name]) and layer.groups > groups
    }
    return _scaled(graph, names, layers, _step(graph, names, layers))


def fix_group_channels(graph: LayerGraph, names: Collection[str], group_channels: int = 8) -> LayerGraph:
    """Depthwise convolutions become group convolutions of ``group_channels`` channels each, all
    free widths scaled alike (the counterfactual of V2).

    Raises:
        InputError: no scale gives the macs within 1 %.
    """
    layers: dict[str, Layer] = {}
    for name, layer in _convs(graph, names).items():
        c_in = graph[graph[name].inputs[0]].shape[1]
        if is_depthwise(graph, graph[name]) and c_in % group_channels == 0:
            layers[name] = replace(layer, groups=c_in // group_channels)
    return _scaled(graph, names, layers, group_channels)


def round_widths(graph: LayerGraph, names: Collection[str], multiple: int) -> LayerGraph:
    """All free widths among the named nodes to multiples of ``multiple`` (the counterfactual of Q1).

    Raises:
        InputError: no multiples give the macs within 1 %.
    """
    return _scaled(graph, names, {}, lcm(multiple, _step(graph, names)))


def _scaled(graph: LayerGraph, names: Collection[str], layers: dict[str, Layer], step: int) -> LayerGraph:
    widths = Widths(graph)
    free = widths.free(names)
    if not free:
        raise InputError("no channel count is free to change", where=graph.name)

    def at(scale: Any) -> LayerGraph:
        return widths.apply(Plan({f.name: _multiple(f.total * scale, step) for f in free}, layers))

    return _at_equal_macs(graph, at, SCALES)


def _at_equal_macs(graph: LayerGraph, at: Callable[[Any], LayerGraph], candidates: np.ndarray) -> LayerGraph:
    """The candidate whose macs are nearest to the graph's; ``at`` takes one or all of them."""
    target = graph.total_macs
    with np.printoptions(threshold=4):  # layers word their complaints before they are asked for
        tried = at(candidates)
    error = np.where(tried.valid, np.abs(tried.total_macs / target - 1), np.inf)
    best = np.argmin(error)
    if not error[best] <= TOLERANCE:
        raise InputError("no whole channel counts keep the macs within 1 %", where=graph.name)
    return at(candidates[best].item())


def _convs(graph: LayerGraph, names: Collection[str]) -> dict[str, Any]:
    return {name: graph[name].layer for name in names if isinstance(graph[name].layer, Conv2d)}


def _step(graph: LayerGraph, names: Collection[str], layers: Mapping[str, Layer] | None = None) -> int:
    """Widths must be multiples of all group counts, of convolutions (depthwise aside) and shuffles."""
    nodes = [graph[name] for name in names if not is_depthwise(graph, graph[name])]
    return lcm(*(getattr((layers or {}).get(node.name, node.layer), "groups", 1) for node in nodes))


def _multiple(channels: Any, step: int) -> Any:
    rounded = np.maximum(1, np.round(channels / step)) * step
    return rounded.astype(np.int64) if isinstance(rounded, np.ndarray) else int(rounded)
