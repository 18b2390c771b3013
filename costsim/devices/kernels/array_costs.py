"""What every kind of array answers."""

from __future__ import annotations

from dataclasses import dataclass

from costsim.tables.schema import Array


@dataclass(frozen=True)
class ArrayCosts:
    """Costs of the array alone, ``(ops, points)``."""

    cycles: Array
    """Cycles if memory were no limit, quantisation of the array included."""
    onchip_elems: Array
    """Elements moved between the on-chip buffer and the array."""
