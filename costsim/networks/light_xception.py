"""The light Xception of Light-Head R-CNN (arXiv 1711.07264) that ShuffleNetV2's Table 8 compares with."""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.graph import LayerGraph
from costsim.networks.common import scaled
from costsim.networks.shufflenet_v1 import shufflenet_v1
from costsim.networks.zoo import Family

NOTE = (
    "never published beyond '24 channels, then stages of 144, 288 and 576 with 4, 8 and 4 units, 145 M'; built as "
    "ShuffleNet's authors define their 'Xception-like' network, ShuffleNet v1 with one group; it has 38.5, 143.1, "
    "308.1 and 538.1 M multiply-adds where 40, 145, 305 and 525 are printed",
)


def light_xception(
    *,
    name: str = "light_xception",
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Bottlenecks with a depthwise 3x3, without groups or shuffle; stages of 144, 288 and 576 channels at 1x.

    Layer table and other widths were never published; ShuffleNet v1 with one group stands in, which
    its authors call "Xception-like". Its counts come within 4 % of the printed ones, and no
    closer reading is known.
    """
    stem = scaled(24, np.minimum(width, 1.0))
    return shufflenet_v1(
        name=name, groups=1, width=width, stem=stem, input_shape=input_shape, classes=classes, notes=NOTE
    )


FAMILY = Family(light_xception, {f"light_xception_{w:g}x": {"width": w} for w in (0.5, 1.0, 1.5, 2.0)})
