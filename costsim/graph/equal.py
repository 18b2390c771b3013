"""Networks that are equal node by node: names, layers between their shapes, and what they read."""

from __future__ import annotations

from array import array
from itertools import count

from costsim.graph.layergraph import LayerGraph, Node


class NodeNumbers:
    """Numbers nodes as they are met, so that a network has a short key, the same for equal networks."""

    def __init__(self) -> None:
        self._number: dict[Node, int] = {}
        self._new = count()

    def __len__(self) -> int:
        """How many distinct nodes were met."""
        return len(self._number)

    def key(self, graph: LayerGraph) -> bytes:
        """Of a network whose dimensions are numbers."""
        return array("L", map(self._number.setdefault, graph, self._new)).tobytes()
