"""What every kind of array answers: its peak, what it takes at once, and what it costs each op."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from costsim.hardware.declared import Field, PositiveFloat, check
from costsim.hardware.profile import Block
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


class MacArray(Block):
    """An array of multipliers: fields that say its geometry, and what follows from them.

    A field may hold one number per point, where a sweep varies it.
    """

    runs_all_ops: ClassVar[bool] = False
    """Whether its output stage runs ops without weights too; otherwise a vector unit beside the array does."""

    published_macs_per_cycle: PositiveFloat | None = Field(None, alias="macs_per_cycle")
    """The peak as published; where it is given, geometry that contradicts it is refused."""

    @property
    @abstractmethod
    def macs_per_cycle(self) -> Any:
        """Multiply-accumulates a cycle."""

    @property
    @abstractmethod
    def in_words(self) -> str:
        """The geometry as a message names it, with its verb."""

    @property
    @abstractmethod
    def grain(self) -> tuple[Any, Any]:
        """Input and output channels taken at once: a width that is no multiple leaves a part idle."""

    @abstractmethod
    def costs(self, ops: OpTable) -> ArrayCosts:
        """Cycles and buffer traffic of every op.

        Raises:
            DoesNotFitError: the array has no room to run some op.
        """

    def stored_weight_elems(self, ops: OpTable) -> Array:
        """``(ops, points)`` weights as they lie in memory for this array."""
        return ops.weight_elems

    def stride_fold(self, ops: OpTable) -> Array:
        """``(ops, points)`` channels each input channel becomes where strides are folded into channels."""
        return np.ones_like(ops.stride_h)

    def fewest_macs(self, ops: OpTable) -> Array:
        """``(ops, points)`` multiplications the array's best algorithm still does."""
        return ops.macs

    def runs_in_passes(self, ops: OpTable) -> np.ndarray:
        """``(ops, points)`` mask of the kernels too large for one pass, whose sums go to memory in between."""
        return np.zeros_like(ops.macs, dtype=bool)

    @check
    def _check_peak(self) -> None:
        if self.published_macs_per_cycle not in (None, self.macs_per_cycle):
            raise ValueError(
                f"macs_per_cycle is {self.published_macs_per_cycle:g} but {self.in_words} "
                f"{self.macs_per_cycle}; mend one of them, or leave macs_per_cycle out"
            )
