"""What grids of processing elements share."""

from __future__ import annotations

from typing import Annotated, Any

from costsim.devices.accelerator.arrays.base import MacArray
from costsim.hardware.declared import PositiveInt
from costsim.hardware.effects import Effect


class Grid(MacArray):
    """Rows and columns of processing elements."""

    rows: Annotated[PositiveInt, Effect.FASTER]
    cols: Annotated[PositiveInt, Effect.FASTER]

    @property
    def macs_per_cycle(self) -> Any:
        return self.rows * self.cols

    @property
    def in_words(self) -> str:
        return f"{self.rows} x {self.cols} elements make"
