"""G3: network fragmentation reduces the degree of parallelism."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from costsim.edit.branches import find_siblings, merge_branches
from costsim.guidelines.base import Case, Suspicion
from costsim.guidelines.regions import Region

TOLERATED_RATIO = 1.25
"""Fragments over steps; a bottleneck with a convolution in its shortcut has 1.33."""


def fragmentation(case: Case) -> Iterator[Suspicion]:
    """Blocks of up to {kernels} kernels hold {fragments} convolution fragments where {steps} in a row would do.

    Many small ops in place of a few large ones start more kernels and leave wide devices idle
    (ShuffleNetV2, arXiv 1807.11164, G3). Counted a block: kernels; fragments, which are
    convolutions with every group of a group convolution (not of a depthwise one) for itself; and
    the longest chain of convolutions, the steps. The evidence also sets the critical path beside
    the sum of all ops: their difference is what running branches side by side could hide at best.

    Priced against the network in which sibling branches that read the same tensor through the same
    window are one op; it computes the same function. Where no branches can be merged that way,
    priced by what the overheads of the ops off the critical path take.
    """
    for region in case.regions:
        blocks = [_measure(case, rows) for rows in case.blocks(region).values()]
        worst = max(blocks, key=lambda block: block.fragments / max(block.steps, 1), default=None)
        if worst is None or worst.fragments <= TOLERATED_RATIO * worst.steps:
            continue
        evidence = {
            "kernels": worst.kernels,
            "fragments": worst.fragments,
            "steps": worst.steps,
            "parallel_branches": worst.branches,
            "critical_path_ms": sum(block.critical_s for block in blocks) * 1e3,
            "sum_ms": sum(block.sum_s for block in blocks) * 1e3,
        }
        if find_siblings(case.graph, region.nodes):
            yield Suspicion(region.name, region.nodes, evidence, merge_branches)
        else:
            yield Suspicion(region.name, region.nodes, evidence, saved_s=partial(_overheads_s, case, region))


@dataclass(frozen=True)
class _Block:
    kernels: int
    fragments: int
    steps: int
    branches: int
    critical_s: float
    sum_s: float


def _measure(case: Case, rows: list[int]) -> _Block:
    ops = case.simulation.ops
    convolves = ops.convolves[rows, 0] & (ops.h_out[rows, 0] * ops.w_out[rows, 0] > 1)
    depthwise = ops.is_depthwise[rows, 0]
    pieces = np.where(convolves, np.where(depthwise, 1, ops.groups[rows, 0]), 0)
    depth, critical = _longest(case, rows, convolves.astype(int)), _longest(case, rows, case.latency_s[rows])
    at_depth = [
        sum(1 for row, c in zip(rows, convolves, strict=True) if c and depth[row] == d) for d in set(depth.values())
    ]
    return _Block(
        kernels=len(rows),
        fragments=int(pieces.sum()),
        steps=int(max(depth.values(), default=0)),
        branches=max(at_depth, default=0),
        critical_s=max(critical.values(), default=0.0),
        sum_s=float(case.latency_s[rows].sum()),
    )


def _longest(case: Case, rows: list[int], weight: np.ndarray) -> dict[int, float]:
    """Per row: the heaviest chain of rows of the block that ends in it."""
    reached: dict[int, float] = {}
    for row, own in zip(rows, weight, strict=True):
        before = (reached.get(producer, 0) for producer in case.simulation.ops.producers[row])
        reached[row] = max(before, default=0) + own.item()
    return reached


def _overheads_s(case: Case, region: Region) -> float:
    """What ops off the critical path of their block pay beside their ceilings."""
    costs = case.simulation.costs
    lifted = np.broadcast_to(costs.without(tuple(costs.overheads)), costs.latency_s.shape)[:, 0]
    overhead_s = case.latency_s - lifted
    return float(sum(overhead_s[row] for rows in case.blocks(region).values() for row in _off_path(case, rows)))


def _off_path(case: Case, rows: list[int]) -> list[int]:
    reached = _longest(case, rows, case.latency_s[rows])
    path = [max(reached, key=reached.__getitem__)]
    while before := [producer for producer in case.simulation.ops.producers[path[-1]] if producer in reached]:
        path.append(max(before, key=reached.__getitem__))
    return [row for row in rows if row not in path]
