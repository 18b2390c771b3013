"""V2: the computational intensity inside a block should be balanced."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from costsim.edit.equal_macs import fix_group_channels
from costsim.guidelines.base import Case, Suspicion

GROUP_CHANNELS = 8
"""Channels a group of VarGNet's preferred network."""

TOLERATED_RATIO = 8.0

INSTRUCTION = f"take group convolutions of {GROUP_CHANNELS} channels a group for depthwise ones, at equal MACs"


def intensity_balance(case: Case) -> Iterator[Suspicion]:
    """Computational intensity differs {intensity_ratio:.4g} times inside a block: {least:.4g} MACs an element in its
    depthwise, {most:.4g} in its 1x1 convolutions.

    Intensity is multiply-accumulates an element of the input map, weights resident: `k^2` for a
    depthwise convolution, the output channels for a 1x1 convolution, `k^2 G` for a group
    convolution with `G` channels a group (VarGNet, arXiv 1907.05653, Section 3). Hardware that
    keeps up with the one idles in the other. Fixing the channels of a group instead of the number
    of groups lowers the ratio exactly `G` times, and overshoots where the channels are fewer than
    `k^2 G`.

    Priced against the network whose depthwise convolutions in this part are group convolutions of 8
    channels each, all free widths scaled so that the network keeps its multiply-accumulates within
    1 %.
    """
    for region, part in case.measured():
        columns = part.columns
        intensity = part.of(columns.input_intensity)
        lean = intensity[part.of(part.ops.is_depthwise & columns.over_maps)]
        dense = intensity[part.of(columns.pointwise)]
        if not len(lean) or not len(dense) or dense.max() < TOLERATED_RATIO * lean.min():
            continue
        evidence = {
            "intensity_ratio": float(dense.max() / lean.min()),
            "least": float(lean.min()),
            "most": float(dense.max()),
            "group_channels": GROUP_CHANNELS,
        }
        edit = partial(fix_group_channels, group_channels=GROUP_CHANNELS)
        yield Suspicion(region.name, region.nodes, evidence, edit, instruction=INSTRUCTION)
