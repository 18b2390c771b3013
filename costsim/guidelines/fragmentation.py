"""G3: network fragmentation reduces the degree of parallelism."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from costsim.edit.branches import find_siblings, merge_branches
from costsim.guidelines.base import Case, Suspicion
from costsim.measures import Parts, measure

TOLERATED_RATIO = 1.25
"""Fragments over steps; a bottleneck with a convolution in its shortcut has 1.33."""

MERGE = "merge branches that read the same tensor into one op, which computes the same"

FEWER = "take one large op in place of several small ones side by side"


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
    for region, part in case.measured():
        blocks = part.blocks
        own_s = case.latency_s[blocks.rows][:, None]
        worst = max(measure(blocks, own_s), key=lambda of: of["fragmentation_ratio"] or 0.0)
        if (worst["fragmentation_ratio"] or 0.0) <= TOLERATED_RATIO:
            continue
        evidence = {
            "kernels": worst["kernels"],
            "fragments": worst["fragments"],
            "steps": worst["steps"],
            "parallel_branches": worst["branches"],
            "critical_path_ms": float(blocks.largest(blocks.longest(own_s)).sum()) * 1e3,
            "sum_ms": float(own_s.sum()) * 1e3,
        }
        if find_siblings(case.graph, region.nodes):
            yield Suspicion(region.name, region.nodes, evidence, merge_branches, instruction=MERGE)
        else:
            saved_s = partial(_overheads_s, case, blocks)
            yield Suspicion(region.name, region.nodes, evidence, saved_s=saved_s, instruction=FEWER)


def _overheads_s(case: Case, blocks: Parts) -> float:
    """What ops off the critical path of their block pay beside their ceilings."""
    costs = case.simulation.costs
    lifted = np.broadcast_to(costs.without(tuple(costs.overheads)), costs.latency_s.shape)[:, 0]
    overhead_s = case.latency_s - lifted
    reached_s = blocks.longest(case.latency_s[blocks.rows][:, None])[:, 0]
    block_of = np.split(np.arange(len(blocks.rows)), blocks.starts[1:])
    return float(sum(overhead_s[row] for own in block_of for row in _off_path(case, blocks.rows[own], reached_s[own])))


def _off_path(case: Case, rows: np.ndarray, reached_s: np.ndarray) -> list[int]:
    reached = dict(zip(rows.tolist(), reached_s.tolist(), strict=True))
    path = [max(reached, key=reached.__getitem__)]
    while before := [producer for producer in case.simulation.ops.producers[path[-1]] if producer in reached]:
        path.append(max(before, key=reached.__getitem__))
    return [row for row in reached if row not in path]
