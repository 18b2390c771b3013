"""The classes costs are summed by."""

from __future__ import annotations

from costsim.graph.layers import LoopNest
from costsim.graph.layers.base import everywhere
from costsim.tables.words import word


def op_class(op: str, nest: LoopNest) -> str:
    """The class of a row, as the papers draw them: that of its word, but for dense convolutions of one pixel.

    Raises:
        InputError: nobody has said what the word means.
    """
    one_pixel = op == "conv" and everywhere(nest.kernel_h == 1) and everywhere(nest.kernel_w == 1)
    return "pointwise conv" if one_pixel else word(op).op_class
