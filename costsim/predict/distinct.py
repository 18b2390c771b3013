"""Equal networks of a search, met once: architectures that differ in what leads nowhere are one network."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator

from costsim.graph import LayerGraph
from costsim.graph.equal import NodeNumbers

KEPT_NETWORKS, KEPT_NODES = 2**16, 2**17
"""Remembered at most, before all are forgotten: some 30 MiB each."""


def distinct(
    graphs: Iterable[LayerGraph], which: array[int], together: int, run_of: Callable[[LayerGraph], Hashable]
) -> Iterator[list[LayerGraph]]:
    """The networks that differ from those before them, ``together`` at a time.

    Networks are equal if their nodes are and how they are run.

    Args:
        graphs: read as their parts are asked for.
        which: gets for each of the graphs the number of the one that stands for it.
        together: how many are given out at once.
        run_of: how a network is run.
    """
    number_of: dict[tuple[bytes, Hashable], int] = {}
    nodes = NodeNumbers()
    some: list[LayerGraph] = []
    count = 0
    for graph in graphs:
        if len(number_of) > KEPT_NETWORKS or len(nodes) > KEPT_NODES:
            number_of, nodes = {}, NodeNumbers()
        number = number_of.setdefault((nodes.key(graph), run_of(graph)), count)
        which.append(number)
        if number == count:
            count += 1
            some.append(graph)
            if len(some) == together:
                yield some
                some = []
    if some:
        yield some
