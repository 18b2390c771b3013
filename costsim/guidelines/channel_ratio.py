"""G1: equal channel width minimises memory access."""

from __future__ import annotations

from collections.abc import Iterator

from costsim.edit.equal_macs import balance_channels
from costsim.edit.rewrite import is_pointwise
from costsim.guidelines.base import Case, Suspicion
from costsim.guidelines.bounds import mem_access_bound, pointwise_macs, pointwise_mem_access

TOLERATED_RATIO = 1.1
"""Memory access over its lower bound; 1.06 is a channel ratio of 2, which the paper accepts."""


def channel_ratio(case: Case) -> Iterator[Suspicion]:
    """1x1 convolutions of up to {channel_ratio:.3g} : 1 channels access {access_ratio:.2f} times the memory
    that balanced ones of equal MACs would.

    A 1x1 convolution over `hw` pixels from `c1` to `c2` channels accesses `hw (c1 + c2) + c1 c2`
    elements. At a given number of multiply-accumulates `B = hw c1 c2` that is least where `c1 = c2`:
    `2 sqrt(hw B) + B / hw` (ShuffleNetV2, arXiv 1807.11164, G1). Bottlenecks and inverted
    bottlenecks pay for their thick maps.

    Priced against the network whose free widths in this part are all one number, chosen so that
    the whole network keeps its multiply-accumulates within 1 % and its output its shape. That
    network costs something else; whether it learns as well is not known here.
    """
    for region in case.regions:
        access = bound = 0.0
        ratio = 1.0
        for node in (case.graph[name] for name in region.nodes):
            if is_pointwise(node):
                c1, c2, groups = case.graph[node.inputs[0]].shape[1], node.shape[1], case.graph.loop_nest(node).groups
                pixels = node.shape[0] * node.shape[2] * node.shape[3]
                access += pointwise_mem_access(pixels, c1, c2, groups)
                bound += mem_access_bound(pixels, pointwise_macs(pixels, c1, c2, groups), groups)
                ratio = max(ratio, c1 / c2, c2 / c1)
        if access > TOLERATED_RATIO * bound:
            evidence = {
                "channel_ratio": ratio,
                "access_ratio": access / bound,
                "mem_access_elems": access,
                "mem_access_bound_elems": bound,
            }
            yield Suspicion(region.name, region.nodes, evidence, balance_channels)
