"""What every strategy of planning shares: the rules of a device, and a network prepared for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from costsim.errors import DoesNotFitError
from costsim.scheduling.banks import BankRules
from costsim.scheduling.dataflow import Dataflow
from costsim.scheduling.search import Pricing
from costsim.scheduling.segments import Weights
from costsim.scheduling.tiling import Staircase, staircases
from costsim.scheduling.whole import whole_kib
from costsim.tables.optable import OpTable
from costsim.tables.plan import Plan
from costsim.units import format_quantity

Execution = Literal["fused", "layer_by_layer", "block", "banked"]


@dataclass(frozen=True)
class BufferRules:
    """What the planner has to know of a device, and of the tensors as they lie in its memory: ``(rows,)`` each."""

    execution: Execution
    on_host: np.ndarray
    """Rows the array does not run."""
    weight_bytes: np.ndarray
    """Weights that have to be fetched."""
    input_bytes: np.ndarray
    """All operands, channels padded."""
    output_bytes: np.ndarray
    """The result, channels padded."""
    grain: tuple[float, float]
    """Input and output channels the array takes at once."""
    tiling: Literal["search", "smaller_operand"] = "search"
    spills: bool = True
    """Whether activations have a place off chip."""
    separate_weights: float | None = None
    sum_bytes: float = 4.0
    """A partial sum on chip."""
    banked: BankRules | None = None
    """Where the compiler gives whole maps addresses in banks."""
    pipelined: bool = False
    """Whether all ops are on the cores at the same time."""
    stages: int | None = None
    """How many ops a pipeline holds at most; None: any number."""


class Planner(ABC):
    """Plans one network on devices that differ in buffer, clocks and bandwidths: what they share is worked out once."""

    def __init__(self, ops: OpTable, rules: BufferRules) -> None:
        """Prepare a table of one point."""
        self.ops, self.rules = ops, rules
        self.flow = Dataflow.of(ops, rules.input_bytes, rules.output_bytes)
        self.weights = Weights(rules.weight_bytes, _tile_bytes(ops, rules.weight_bytes, rules.grain[1]))

    @abstractmethod
    def plans(self, sizes: np.ndarray, price: Pricing) -> list[tuple[np.ndarray, Plan]]:
        """Points that run the same plan, and that plan in one column.

        Args:
            sizes: ``(points,)`` bytes of buffer.
            price: seconds of whole networks.

        Raises:
            DoesNotFitError: a layer needs a larger buffer than there is, even alone and in its smallest tile.
        """

    @cached_property
    def tiles(self) -> Staircase:
        """Every row by itself, cut for any buffer."""
        rules = self.rules
        tiles = staircases(
            self.ops, rules.input_bytes, rules.output_bytes, rules.weight_bytes,
            rule=rules.tiling, grain=rules.grain, separate_weights=rules.separate_weights, sum_bytes=rules.sum_bytes,
        )  # fmt: skip
        return _host_is_free_of_buffers(tiles, rules.on_host)

    def require_tiles(self, sizes: np.ndarray) -> None:
        """Refuse buffers that the smallest tile of some row exceeds.

        Raises:
            DoesNotFitError: it names the row and what it needs.
        """
        least, smallest = self.tiles.least_bytes, sizes.min()
        if least.max(initial=0.0) <= smallest:
            return
        row = int(np.argmax(least))
        if np.isinf(least[row]):
            raise DoesNotFitError(
                "its smallest tile of weights is larger than the weight buffer; set a larger memory.onchip.weight_size",
                where=self.ops.labels[row].name,
            )
        raise DoesNotFitError(
            f"its smallest tile needs {whole_kib(least[row])} KiB "
            f"of on-chip buffer, the device has {format_quantity(smallest, 'B')}; "
            f"set memory.onchip.size to at least {whole_kib(least[row])} KiB",
            where=self.ops.labels[row].name,
        )


def _tile_bytes(ops: OpTable, weight_bytes: np.ndarray, tile_kernels: float) -> np.ndarray:
    kernels = np.minimum(tile_kernels, ops.c_out_per_group[:, 0])
    each = weight_bytes / np.maximum(ops.c_out[:, 0], 1.0)
    return np.minimum(2 * kernels * each, weight_bytes)


def _host_is_free_of_buffers(tiles: Staircase, on_host: np.ndarray) -> Staircase:
    return Staircase(np.where(on_host, 0.0, tiles.buffer_bytes), tiles.activation_bytes, tiles.weight_bytes)
