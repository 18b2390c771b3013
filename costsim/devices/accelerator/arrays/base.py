"""What every kind of array answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


@dataclass(frozen=True)
class ArrayCosts:
    """Costs of the array alone, ``(ops, points)``."""

    cycles: Array
    """Cycles if memory were no limit, quantisation of the array included."""
    onchip_elems: Array
    """Elements moved between the on-chip buffer and the array."""
    input_fetch_ratio: Array
    """Elements fetched over elements of a main input that the array reads off chip itself: overlaps and passes."""
    channels_at_once: Array
    """Channels of one pixel such a fetch takes together."""

    @classmethod
    def of(cls, ops: OpTable, cycles: Array, onchip_elems: Array) -> ArrayCosts:
        """For arrays that read whole pixels, each once."""
        return cls(cycles, onchip_elems, np.ones_like(ops.c_in), ops.c_in)
