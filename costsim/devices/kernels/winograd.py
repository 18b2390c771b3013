"""Winograd convolution F(t x t, 3 x 3): fewer multiplications for two transforms.

Each t x t patch of outputs becomes (t+2)^2 independent matrix products over channels
(Lavin and Gray 2016, arXiv 1509.09308). ncnn takes t = 6 up to 128 channels and t = 4 above
(src/layer/arm/convolution_arm.cpp); patches at the border are computed whole.

Ignored: transforms of the weights (done once at load time) and the arithmetic of the transforms
beyond a rate per transformed element.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from costsim.tables.schema import Array


@dataclass(frozen=True)
class WinogradShape:
    """What one image costs."""

    products: Array
    """Independent matrix products, (t+2)^2."""
    patches: Array
    """Columns of each product."""
    input_elems: Array
    """Transformed input, written once."""
    output_elems: Array
    """Products before the inverse transform, read once."""
    weight_ratio: Array
    """Transformed weights over stored 3 x 3 weights."""


def winograd_shape(c_in: Array, c_out: Array, h: Array, w: Array, tile: Any) -> WinogradShape:
    """The sizes of F(tile x tile, 3 x 3) over an output of h x w."""
    products = np.square(tile + 2.0)
    patches = np.ceil(h / tile) * np.ceil(w / tile)
    return WinogradShape(
        products=products,
        patches=patches,
        input_elems=products * patches * c_in,
        output_elems=products * patches * c_out,
        weight_ratio=products / 9.0,
    )
