"""From an op table and a buffer to a plan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from costsim.errors import DoesNotFitError
from costsim.scheduling.banked import BankedPlans, BankRules
from costsim.scheduling.cuts import Cuts
from costsim.scheduling.dataflow import Dataflow
from costsim.scheduling.search import Pricing
from costsim.scheduling.segments import Segments, Weights, segments
from costsim.scheduling.tiling import Staircase, staircases
from costsim.scheduling.whole import all_on_chip, one_group, require_on_chip, whole_kib, whole_network_need
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
    """Likewise."""
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


class BufferPlanner:
    """Plans one network on devices that differ in buffer, clocks and bandwidths: what they share is worked out once."""

    def __init__(self, ops: OpTable, rules: BufferRules) -> None:
        """Prepare a table of one point."""
        self._ops, self._rules = ops, rules
        self._flow = Dataflow.of(ops, rules.input_bytes, rules.output_bytes)
        self._weights = Weights(rules.weight_bytes, _tile_bytes(ops, rules.weight_bytes, rules.grain[1]))
        self._cuts: Cuts | None = None

    def plans(self, sizes: np.ndarray, price: Pricing) -> list[tuple[np.ndarray, Plan]]:
        """Points that run the same plan, and that plan in one column.

        Args:
            sizes: ``(points,)`` bytes of buffer.
            price: seconds of whole networks.

        Raises:
            DoesNotFitError: a layer needs a larger buffer than there is, even alone and in its smallest tile.
        """
        if not self._rules.spills:
            require_on_chip(self._ops, self._flow, self._weights, self._all_on_chip, float(sizes.min()))
            return [(np.arange(len(sizes)), self._all_on_chip)]
        _require_fit(self._ops, self._tiles, sizes)
        if self._banked is not None:
            return self._banked.plans(sizes)
        fitting, _ = self._need
        is_whole = (sizes >= fitting) & self._allowed[0, -1] & (self._flow.rows > 1)
        whole, rest = np.flatnonzero(is_whole), np.flatnonzero(~is_whole)
        plans = [(whole, self._one_group)] if len(whole) else []
        if len(rest):
            cuts = self._cuts_up_to(float(sizes[rest].max()))
            cut = cuts.best(sizes[rest], lambda activation, weights, at: price(activation, weights, rest[at]))
            plans += [(rest[here], plan) for here, plan in cut]
        return plans

    def _cuts_up_to(self, largest: float) -> Cuts:
        cuts = self._cuts  # read once: another thread may put cuts up to another size in their place
        if cuts is None or cuts.largest < largest:
            rules, fitting = self._rules, self._need[0]
            if rules.execution == "layer_by_layer":
                groups = Segments.none(self._flow.rows)
            else:
                groups = segments(self._flow, self._weights, separate_weights=rules.separate_weights)
            network = (self._flow, self._weights, groups, self._tiles)
            cuts = self._cuts = Cuts(*network, self._allowed, rules.on_host, rules.separate_weights, fitting, largest)
        return cuts

    @cached_property
    def _all_on_chip(self) -> Plan:
        return all_on_chip(self._flow, self._weights)

    @cached_property
    def _banked(self) -> BankedPlans | None:
        rules = self._rules
        if rules.banked is None:
            return None
        images = float(self._ops.n.max())
        return BankedPlans(self._flow, rules.banked, self._weights, images, self._tiles.least_bytes, rules.on_host)

    @cached_property
    def _tiles(self) -> Staircase:
        rules = self._rules
        tiles = staircases(
            self._ops, rules.input_bytes, rules.output_bytes, rules.weight_bytes,
            rule=rules.tiling, grain=rules.grain, separate_weights=rules.separate_weights, sum_bytes=rules.sum_bytes,
        )  # fmt: skip
        return _host_is_free_of_buffers(tiles, rules.on_host)

    @cached_property
    def _need(self) -> tuple[float, float]:
        return whole_network_need(self._flow, self._weights, self._tiles, self._rules.separate_weights)

    @cached_property
    def _allowed(self) -> np.ndarray:
        return _allowed_groups(self._ops, self._rules)

    @cached_property
    def _one_group(self) -> Plan:
        return one_group(self._flow, self._weights, self._tiles, *self._need)


def _tile_bytes(ops: OpTable, weight_bytes: np.ndarray, tile_kernels: float) -> np.ndarray:
    kernels = np.minimum(tile_kernels, ops.c_out_per_group[:, 0])
    each = weight_bytes / np.maximum(ops.c_out[:, 0], 1.0)
    return np.minimum(2 * kernels * each, weight_bytes)


def _host_is_free_of_buffers(tiles: Staircase, on_host: np.ndarray) -> Staircase:
    return Staircase(np.where(on_host, 0.0, tiles.buffer_bytes), tiles.activation_bytes, tiles.weight_bytes)


def _allowed_groups(ops: OpTable, rules: BufferRules) -> np.ndarray:
    rows = len(ops)
    if rules.execution == "layer_by_layer":
        return np.eye(rows, dtype=bool)
    barriers = np.cumsum(rules.on_host)
    clear = (barriers[None, :] == barriers[:, None]) & ~rules.on_host[:, None]
    if rules.execution == "fused":
        return clear
    blocks = np.array([label.block for label in ops.labels])
    starts = np.cumsum(np.append(True, blocks[1:] != blocks[:-1]))
    same = starts[:, None] == starts[None, :]
    whole = np.append(True, blocks[1:] != blocks[:-1])[:, None] & np.append(blocks[1:] != blocks[:-1], True)[None, :]
    pair = np.subtract.outer(np.arange(rows), np.arange(rows)) == -1
    return clear & same & (whole | pair)


def _require_fit(ops: OpTable, tiles: Staircase, sizes: np.ndarray) -> None:
    least = tiles.least_bytes
    smallest = sizes.min()
    if least.max(initial=0.0) > smallest:
        row = int(np.argmax(least))
        if np.isinf(least[row]):
            raise DoesNotFitError(
                f"{ops.labels[row].name}: its smallest tile of weights is larger than the weight buffer; "
                "set a larger memory.onchip.weight_size"
            )
        raise DoesNotFitError(
            f"{ops.labels[row].name}: its smallest tile needs {whole_kib(least[row])} KiB "
            f"of on-chip buffer, the device has {format_quantity(smallest, 'B')}; "
            f"set memory.onchip.size to at least {whole_kib(least[row])} KiB"
        )
