"""G2: excessive group convolution increases memory access."""

from __future__ import annotations

from collections.abc import Iterator

from costsim.edit.equal_macs import fewer_groups
from costsim.guidelines.base import Case, Suspicion
from costsim.measures import BY_NAME
from costsim.measures.of_parts import group_access

INSTRUCTION = "take fewer groups and narrower layers, at equal MACs"


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
    for region, part in case.measured():
        count = int(part.of(part.ops.is_grouped).sum())
        if not count:
            continue
        grouped, dense = (float(elems[0, 0]) for elems in group_access(part))
        evidence = {
            "groups": int(BY_NAME["groups"].of(part)[0, 0]),
            "group_convolutions": count,
            "access_ratio": grouped / dense,
            "mem_access_elems": grouped,
        }
        yield Suspicion(region.name, region.nodes, evidence, fewer_groups, instruction=INSTRUCTION)
