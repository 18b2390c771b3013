"""Five kinds of array, each a class of its geometry and its formulas (``costsim.devices.accelerator.arrays.base``)."""

from typing import Annotated

from costsim.devices.accelerator.arrays.atomic import AtomicArray
from costsim.devices.accelerator.arrays.base import ArrayCosts, MacArray
from costsim.devices.accelerator.arrays.block_based import BlockArray
from costsim.devices.accelerator.arrays.parallel import ParallelArray
from costsim.devices.accelerator.arrays.row_stationary import RowStationaryArray
from costsim.devices.accelerator.arrays.systolic import SystolicArray
from costsim.hardware.declared import Field

AnyArray = Annotated[
    AtomicArray | BlockArray | ParallelArray | SystolicArray | RowStationaryArray, Field(discriminator="kind")
]
"""What a profile may name as its array, by ``kind``."""

__all__ = [
    "AnyArray", "ArrayCosts", "AtomicArray", "BlockArray", "MacArray", "ParallelArray", "RowStationaryArray",
    "SystolicArray",
]  # fmt: skip
