"""G3: network fragmentation reduces the degree of parallelism."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from costsim.edit.branches import find_siblings, merge_branches
from costsim.guidelines.base import Case, Suspicion
from costsim.guidelines.regions import Region
from costsim.measures import Part, measure

TOLERATED_RATIO = 1.25
"""Fragments over steps; a bottleneck with a convolution in its shortcut has 1.33."""


def fragmentation(case: Case) -> Iterator[Suspicion]:
    """Blocks of up to {kernels} kernels hold {fragments} convolution fragments where {steps} in a row would do.

    Many small ops in place of a few large ones start more kernels and leave wide devices idle
    (ShuffleNetV2, arXiv 1807.11164, G3). Counted a block: kernels; fragments, which are
    convolutions and poolings, with every group of a group convolution (not of a depthwise one) for
    itself; and the longest chain of them, the steps. The evidence also sets the critical path beside
    the sum of all ops: their difference is what running branches side by side could hide at best.

    Priced against the network in which sibling branches that read the same tensor through the same
    window are one op; it computes the same function. Where no branches can be merged that way,
    priced by what the overheads of the ops off the critical path take.
    """
    for region in case.regions:
        if not (blocks := case.part(region).blocks if len(case.rows(region.nodes)) else ()):
            continue
        worst = max((measure(block) for block in blocks), key=lambda of: of["fragmentation_ratio"] or 0.0)
        if (worst["fragmentation_ratio"] or 0.0) <= TOLERATED_RATIO:
            continue
        own_s = [case.latency_s[block.rows] for block in blocks]
        critical_s = [block.longest(s).max() for block, s in zip(blocks, own_s, strict=True)]
        evidence = {
            "kernels": worst["kernels"],
            "fragments": worst["fragments"],
            "steps": worst["steps"],
            "parallel_branches": worst["branches"],
            "critical_path_ms": float(sum(critical_s)) * 1e3,
            "sum_ms": float(sum(s.sum() for s in own_s)) * 1e3,
        }
        if find_siblings(case.graph, region.nodes):
            yield Suspicion(region.name, region.nodes, evidence, merge_branches)
        else:
            yield Suspicion(region.name, region.nodes, evidence, saved_s=partial(_overheads_s, case, region))


def _overheads_s(case: Case, region: Region) -> float:
    """What ops off the critical path of their block pay beside their ceilings."""
    costs = case.simulation.costs
    lifted = np.broadcast_to(costs.without(tuple(costs.overheads)), costs.latency_s.shape)[:, 0]
    overhead_s = case.latency_s - lifted
    return float(sum(overhead_s[row] for block in case.part(region).blocks for row in _off_path(case, block)))


def _off_path(case: Case, block: Part) -> list[int]:
    reached = dict(zip(block.rows.tolist(), block.longest(case.latency_s[block.rows]).tolist(), strict=True))
    path = [max(reached, key=reached.__getitem__)]
    while before := [producer for producer in case.simulation.ops.producers[path[-1]] if producer in reached]:
        path.append(max(before, key=reached.__getitem__))
    return [row for row in reached if row not in path]
