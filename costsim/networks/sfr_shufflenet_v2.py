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
    channels: tuple[Any, ...] = WIDTHS["1x"],
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """In stride-1 units the worked half also updates, through a pruned 1x1 convolution, the half passed by.

    ``groups`` and ``sparsity`` are G and S of the reactivation: its authors released neither code
    nor layer table, so both are assumptions (2 and 2). ``masked`` runs the training-time dense
    convolution, ``index_matmul`` the index layer as a dense product.
    """
    pruning = Pruning(groups, sparsity, masked, index_matmul)
    return shufflenet_v2(
        name=name, channels=channels, width=width, reactivation=pruning,
        input_shape=input_shape, classes=classes, notes=(NOTE,),
    )  # fmt: skip


FAMILY = Family(
    sfr_shufflenet_v2,
    {
        f"sfr_shufflenet_v2_{width}{suffix}": {"channels": channels, **form}
        for width, channels in WIDTHS.items()
        for suffix, form in (("", {}), ("_masked", {"masked": True}))
    },
)
