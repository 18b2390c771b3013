"""SFR-ShuffleNetV2 (Yang et al. 2021, arXiv 2104.04382, Section 4): ShuffleNetV2 with feature reactivation."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph
from costsim.networks.reactivation import Pruning
from costsim.networks.shufflenet_v2 import WIDTHS, shufflenet_v2
from costsim.networks.zoo import Family

NOTE = (
    "code and layer table of SFR-ShuffleNetV2 were never released; its place in the unit is the authors' figure, "
    "G = S = 2 is assumed because only 2 divides the half widths of all four published ShuffleNetV2 sizes"
)


def sfr_shufflenet_v2(
    *,
    name: str = "sfr_shufflenet_v2",
    groups: Any = 2,
    sparsity: Any = 2,
    masked: bool = False,
    index_matmul: bool = False,
    **options: Any,
) -> LayerGraph:
    """In stride-1 units the worked half also updates, through a pruned 1x1 convolution, the half passed by.

    ``groups`` and ``sparsity`` are G and S of the reactivation: its authors released neither code
    nor layer table, so both are assumptions (2 and 2). ``masked`` runs the training-time dense
    convolution, ``index_matmul`` the index layer as a dense product. Other ``options`` are those
    of ShuffleNetV2.
    """
    pruning = Pruning(groups, sparsity, masked, index_matmul)
    return shufflenet_v2(name=name, reactivation=pruning, notes=(NOTE,), **options)


FAMILY = Family(
    sfr_shufflenet_v2,
    {
        f"sfr_shufflenet_v2_{width}{suffix}": {"channels": channels, **form}
        for width, channels in WIDTHS.items()
        for suffix, form in (("", {}), ("_masked", {"masked": True}))
    },
)
