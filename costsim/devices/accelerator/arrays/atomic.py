"""Vector-atomic arrays: every cycle, ``atomic_c`` channels of one pixel for ``atomic_k`` kernels (NVDLA)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from costsim.devices.accelerator.arrays.base import ArrayCosts, MacArray
from costsim.devices.kernels.rounding import round_up
from costsim.hardware.declared import Field, PositiveInt
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

WINOGRAD_SPEEDUP = 2.25
"""F(2x2, 3x3): 4 instead of 9 products an output (Lavin and Gray, arXiv 1509.09308)."""

WINOGRAD_WEIGHTS = 16 / 9
"""The 3x3 kernel is stored transformed, as 4x4."""


class AtomicArray(MacArray):
    """Vector-atomic: each cycle takes ``atomic_c`` input channels of one pixel for ``atomic_k`` output channels.

    Wider atoms may be slower: weights are padded to them, and padding is fetched.
    """

    kind: Literal["atomic"]
    atomic_c: PositiveInt
    atomic_k: PositiveInt
    regrouped_c: PositiveInt | None = Field(None, alias="channel_quantum")
    """Input channels are padded to a multiple of this, where lanes can be regrouped; null: of ``atomic_c``."""
    regrouped_k: PositiveInt | None = Field(None, alias="kernel_quantum")
    """Output channels are padded to a multiple of this, where lanes can be regrouped; null: of ``atomic_k``."""
    folds_strides: bool = False
    """Strided kernels run as dense ones on ``stride`` times more channels (NVDLA's channel extension)."""
    largest_kernel: PositiveInt | None = None
    """Dense kernels wider than this run in several passes, their sums in memory in between; null: all run in one."""
    winograd_3x3: bool = False
    """3x3 kernels of stride 1 take 2.25 times fewer cycles and 16/9 of the weights."""

    @property
    def macs_per_cycle(self) -> Any:
        return self.atomic_c * self.atomic_k

    @property
    def in_words(self) -> str:
        return f"{self.atomic_c} x {self.atomic_k} atoms make"

    @property
    def channel_quantum(self) -> Any:
        return self.atomic_c if self.regrouped_c is None else self.regrouped_c

    @property
    def kernel_quantum(self) -> Any:
        return self.atomic_k if self.regrouped_k is None else self.regrouped_k

    @property
    def grain(self) -> tuple[Any, Any]:
        return self.atomic_c, self.atomic_k

    def costs(self, ops: OpTable) -> ArrayCosts:
        return ArrayCosts.of(ops, atomic_cycles(ops, self), atomic_onchip_elems(ops, self))

    def stored_weight_elems(self, ops: OpTable) -> Array:
        return atomic_weight_elems(ops, self)

    def stride_fold(self, ops: OpTable) -> Array:
        return ops.stride_h * ops.stride_w if self.folds_strides else super().stride_fold(ops)

    def fewest_macs(self, ops: OpTable) -> Array:
        return np.where(uses_winograd(ops, self), ops.macs / WINOGRAD_SPEEDUP, ops.macs)

    def runs_in_passes(self, ops: OpTable) -> np.ndarray:
        if self.largest_kernel is None:
            return super().runs_in_passes(ops)
        return ops.is_op("conv") & (np.maximum(ops.kernel_h, ops.kernel_w) > self.largest_kernel)


def atomic_cycles(ops: OpTable, array: AtomicArray) -> Array:
    """Cycles of the array alone, ``(ops, points)``.

        cycles = n packs h_out w_out up(m c_in f, q_c) up(m c_out, q_k) taps / f / macs_per_cycle

    with channels and taps of one group, ``up`` rounding to the array's quanta, ``f`` the stride
    folded into channels (stride_h stride_w, or 1), ``m = max(1, floor(q_c / c_in))`` groups sharing
    an atom through kernels filled up with zeros, ``packs = ceil(groups / m)``; 2.25 times fewer for
    3x3 by Winograd. A depthwise layer thus uses 1/atomic_c of the array.

    Source: NVDLA performance sheet (nvdla/hw, ``perf/``), reproduced to the cycle on its 54 layers;
    grouped packing follows NVDLA's documentation of group convolution. Ignores pipeline fill and
    the atoms' own start-up, a few percent on layers of many pixels.
    """
    together, c, taps = _packed(ops, array)
    k = round_up(together * ops.c_out_per_group, array.kernel_quantum)
    pixels = ops.n * ops.h_out * ops.w_out
    cycles = np.ceil(ops.groups / together) * pixels * c * k * taps / array.macs_per_cycle
    return np.where(uses_winograd(ops, array), cycles / WINOGRAD_SPEEDUP, cycles)


def atomic_weight_elems(ops: OpTable, array: AtomicArray) -> Array:
    """Weights as the array reads them, ``(ops, points)``: strides folded in, or Winograd-transformed.

    Source: NVDLA performance sheet. Ignores weight compression and zeros of packed groups.
    """
    fold = array.stride_fold(ops)
    taps = (
        np.ceil(ops.kernel_h * ops.kernel_w / fold)
        if not array.folds_strides
        else (np.ceil(ops.kernel_h / ops.stride_h) * np.ceil(ops.kernel_w / ops.stride_w))
    )
    folded = taps * ops.groups * ops.c_out_per_group * round_up(ops.c_in_per_group * fold, array.channel_quantum)
    strided = (fold > 1) & (ops.macs > 0)
    weights = np.where(strided, folded, ops.weight_elems)
    return np.where(uses_winograd(ops, array), weights * WINOGRAD_WEIGHTS, weights)


def atomic_onchip_elems(ops: OpTable, array: AtomicArray) -> Array:
    """Elements moved between buffer and array, ``(ops, points)``.

    Every pass over ``kernel_quantum`` output channels reads one input atom per pixel and tap;
    weights are read once and stay in the array, outputs are written once (sums live beside it).
    """
    together, channels, taps = _packed(ops, array)
    passes = np.ceil(together * ops.c_out_per_group / array.kernel_quantum) * np.ceil(ops.groups / together)
    inputs = passes * ops.n * ops.h_out * ops.w_out * taps * channels
    return inputs + ops.weight_elems + ops.output_elems


def _packed(ops: OpTable, array: AtomicArray) -> tuple[Array, Array, Array]:
    """Groups that share an atom, their input channels padded to the quantum, taps after folding strides."""
    fold = array.stride_fold(ops)
    together = np.minimum(np.maximum(1, np.floor(array.channel_quantum / ops.c_in_per_group)), ops.groups)
    channels = round_up(together * ops.c_in_per_group * fold, array.channel_quantum)
    return together, channels, ops.kernel_h * ops.kernel_w / fold


def uses_winograd(ops: OpTable, array: AtomicArray) -> np.ndarray:
    """Rows that run as F(2x2, 3x3)."""
    return ops.takes_3x3_at_unit_stride & (ops.groups == 1) & bool(array.winograd_3x3)
