"""Arrays of pixels times input channels times output channels: every cycle, a block of all three (Xilinx DPU)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from costsim.devices.accelerator.arrays.base import ArrayCosts, MacArray
from costsim.hardware.declared import PositiveInt
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


class ParallelArray(MacArray):
    """Each cycle takes ``channels_in`` input channels of ``pixels`` pixels for ``channels_out`` output channels.

    A wider array may be slower: its tiles of weights are larger.
    """

    kind: Literal["parallel"]
    pixels: PositiveInt
    channels_in: PositiveInt
    channels_out: PositiveInt

    @property
    def macs_per_cycle(self) -> Any:
        return self.pixels * self.channels_in * self.channels_out

    @property
    def in_words(self) -> str:
        return f"{self.pixels} pixels x {self.channels_in} x {self.channels_out} channels make"

    @property
    def grain(self) -> tuple[Any, Any]:
        return self.channels_in, self.channels_out

    def costs(self, ops: OpTable) -> ArrayCosts:
        return ArrayCosts.of(ops, parallel_cycles(ops, self), parallel_onchip_elems(ops, self))


def parallel_cycles(ops: OpTable, array: ParallelArray) -> Array:
    """Cycles of the array alone, ``(ops, points)``.

        cycles = ceil(n h_out w_out / pixels) kernel_h ceil(kernel_w / f) packs
                 ceil(m c_in / channels_in) ceil(m c_out / channels_out)

    with channels of one group; ``m`` groups share the array where their input and output channels both find
    room, ``packs = ceil(groups / m)``; ``f = min(kernel_w, floor(channels_in / c_in))`` taps of ungrouped layers
    of few input channels run together (the DPU's channel augmentation).

    Source: AMD PG338, "Architecture of the DPUCZDX8G" and "Channel Augmentation"; that pixels are taken across
    rows is fitted: tails by row are 1 % worse on 33 networks. Ignores the fill of the array and instruction fetch.
    """
    together, packs = _packed(ops, array)
    fold = np.minimum(np.maximum(1.0, np.floor(array.channels_in / ops.c_in_per_group)), ops.kernel_w)
    taps = ops.kernel_h * np.ceil(ops.kernel_w / np.where(ops.groups == 1, fold, 1.0))
    deep = np.ceil(together * ops.c_in_per_group / array.channels_in)
    wide = np.ceil(together * ops.c_out_per_group / array.channels_out)
    return np.ceil(ops.n * ops.h_out * ops.w_out / array.pixels) * taps * packs * deep * wide


def parallel_onchip_elems(ops: OpTable, array: ParallelArray) -> Array:
    """Elements moved between buffer and array, ``(ops, points)``.

    Every pass over ``channels_out`` output channels reads all inputs once, lines being kept beside the array;
    weights are read once, outputs are written once.
    """
    together, _ = _packed(ops, array)
    passes = np.ceil(together * ops.c_out_per_group / array.channels_out)
    return passes * ops.input_elems + ops.weight_elems + ops.output_elems


def _packed(ops: OpTable, array: ParallelArray) -> tuple[Array, Array]:
    """Groups that share the array, and how many such packs there are."""
    room_in = np.floor(array.channels_in / ops.c_in_per_group)
    room_out = np.floor(array.channels_out / ops.c_out_per_group)
    together = np.clip(np.minimum(room_in, room_out), 1.0, ops.groups)
    return together, np.ceil(ops.groups / together)
