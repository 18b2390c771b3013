"""A networkx graph whose nodes carry layers, given as an object (see ``costsim.graph.from_networkx``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costsim.graph import LayerGraph, from_networkx
from costsim.importers.importer import Importer

if TYPE_CHECKING:
    import networkx as nx


def load_graph(
    graph: nx.DiGraph[Any], input_size: tuple[int, ...] | None = None, batch: int | None = None
) -> LayerGraph:
    """The network in the graph, for another input shape if one is given.

    Raises:
        InputError: no network, or the shape does not pass; names the node.
    """
    network = from_networkx(graph)
    if (input_size, batch) == (None, None):
        return network
    n, *size = network.input_shape
    return network.with_input(batch or n, *(input_size or size))


def _accepts(source: Any) -> bool:
    return any(kind.__module__.partition(".")[0] == "networkx" for kind in type(source).__mro__)


IMPORTER = Importer("networkx", load=load_graph, accepts=_accepts)
