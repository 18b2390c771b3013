"""Which tensors exist at once while torch runs a network, and which of them a graph says must."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from torch import Tensor

from costsim.graph import LayerGraph
from costsim.graph.layers import Constant


@dataclass(frozen=True)
class Peak:
    """The most elements of maps that exist at once, and the layer that runs then."""

    elems: int
    at: str


class Live:
    """Watches the outputs of layers: a tensor exists until nobody holds it or a view of it any more."""

    def __init__(self) -> None:
        self._outputs: list[weakref.ref[Tensor]] = []
        self._elems: dict[int, int] = {}
        self._stored: set[int] = set()
        self.peak = Peak(0, "")

    def leave_out(self, stored: Tensor) -> None:
        """A stored tensor is no map: neither it nor a view of it counts."""
        self._stored.add(_storage(stored))

    def note(self, layer: str, output: Tensor) -> None:
        """A layer has run, its operands are still there."""
        if _storage(output) in self._stored:
            return
        held = [tensor for ref in self._outputs if (tensor := ref()) is not None]
        known = {_storage(tensor): self._elems[_storage(tensor)] for tensor in held}  # an address may be a new tensor's
        self._elems = known | {_storage(output): known.get(_storage(output), output.numel())}
        self._outputs = [weakref.ref(tensor) for tensor in (*held, output)]
        elems = sum(self._elems.values())
        if elems > self.peak.elems:
            self.peak = Peak(elems, layer)


def claimed_peak(graph: LayerGraph, views: Iterable[str]) -> Peak:
    """What the graph says: every map from its layer to its last reader; outputs stay to the end.

    Stored tensors are no maps. ``views`` are the layers that torch answers with a view of their first operand: they
    need no memory of their own.
    """
    nodes = list(graph)
    number = {node.name: index for index, node in enumerate(nodes)}
    without = set(views)
    root_of: dict[str, str] = {}
    last: dict[str, int] = {}
    for node in nodes:
        root = root_of[node.inputs[0]] if node.name in without and node.inputs else node.name
        root_of[node.name] = root
        if isinstance(graph[root].layer, Constant):
            continue
        readers = [number[reader.name] for reader in graph.consumers(node.name)]
        last[root] = max(last.get(root, -1), *(readers or [len(nodes)]))
    return _highest(graph, number, last)


def _highest(graph: LayerGraph, number: Mapping[str, int], last: Mapping[str, int]) -> Peak:
    peak = Peak(0, "")
    for node in graph:
        now = number[node.name]
        elems = sum(prod(graph[root].shape) for root, end in last.items() if number[root] <= now <= end)
        if elems > peak.elems:
            peak = Peak(int(elems), node.name)
    return peak


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
