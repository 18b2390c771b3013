"""G2: excessive group convolution increases memory access."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from costsim.edit.equal_macs import fewer_groups
from costsim.edit.rewrite import is_grouped
from costsim.guidelines.base import Case, Suspicion


def group_convolutions(case: Case) -> Iterator[Suspicion]:
    """Group convolutions of up to {groups} groups access {access_ratio:.2f} times the memory that dense ones of
    equal MACs would.

    With `g` groups the channels can be `sqrt(g)` times as many at equal multiply-accumulates, and
    the feature maps grow with them: `2 hw c sqrt(g) + c^2` elements for a 1x1 convolution
    (ShuffleNetV2, arXiv 1807.11164, G2). Small groups also leave wide arithmetic units idle.

    Priced against the network whose group convolutions in this part have one group, or the fewest
    that whole channel counts allow, with all free widths of the part scaled so that the network
    keeps its multiply-accumulates within 1 %.
    """
    for region in case.regions:
        nodes = [case.graph[name] for name in region.nodes if is_grouped(case.graph, case.graph[name])]
        if not nodes:
            continue
        grouped = dense = 0.0
        for node in nodes:
            features = sum(_elements(case, name) for name in (*node.inputs, node.name))
            weights = case.graph.params(node)
            grouped += features + weights
            dense += features / sqrt(case.graph.loop_nest(node).groups) + weights
        evidence = {
            "groups": max(case.graph.loop_nest(node).groups for node in nodes),
            "group_convolutions": len(nodes),
            "access_ratio": grouped / dense,
            "mem_access_elems": grouped,
        }
        yield Suspicion(region.name, region.nodes, evidence, fewer_groups)


def _elements(case: Case, name: str) -> int:
    n, c, h, w = case.graph[name].shape
    return n * c * h * w
