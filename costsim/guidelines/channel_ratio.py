"""G1: equal channel width minimises memory access."""

from __future__ import annotations

from collections.abc import Iterator

from costsim.edit.equal_macs import balance_channels
from costsim.guidelines.base import Case, Suspicion
from costsim.measures import BY_NAME
from costsim.measures.of_parts import pointwise_access

TOLERATED_RATIO = 1.1
"""Memory access over its lower bound; 1.06 is a channel ratio of 2, which the paper accepts."""

INSTRUCTION = "give 1x1 convolutions as many channels in as out, at equal MACs"


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
    for region, part in case.measured():
        access, bound = (float(elems[0, 0]) for elems in pointwise_access(part))
        if access > TOLERATED_RATIO * bound:
            evidence = {
                "channel_ratio": float(BY_NAME["channel_ratio"].of(part)[0, 0]),
                "access_ratio": access / bound,
                "mem_access_elems": access,
                "mem_access_bound_elems": bound,
            }
            yield Suspicion(region.name, region.nodes, evidence, balance_channels, instruction=INSTRUCTION)
