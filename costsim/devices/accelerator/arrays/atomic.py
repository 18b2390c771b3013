"""Vector-atomic arrays: every cycle, ``atomic_c`` channels of one pixel for ``atomic_k`` kernels (NVDLA)."""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.devices.accelerator.arrays.base import ArrayCosts
from costsim.devices.kernels.rounding import round_up
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

WINOGRAD_SPEEDUP = 2.25
"""F(2x2, 3x3): 4 instead of 9 products an output (Lavin and Gray, arXiv 1509.09308)."""

WINOGRAD_WEIGHTS = 16 / 9
"""The 3x3 kernel is stored transformed, as 4x4."""


def atomic_costs(ops: OpTable, array: Any) -> ArrayCosts:
    """Cycles and buffer traffic of every op."""
    return ArrayCosts.of(ops, atomic_cycles(ops, array), atomic_onchip_elems(ops, array))


def atomic_cycles(ops: OpTable, array: Any) -> Array:
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


def atomic_weight_elems(ops: OpTable, array: Any) -> Array:
    """Weights as the array reads them, ``(ops, points)``: strides folded in, or Winograd-transformed.

    Source: NVDLA performance sheet. Ignores weight compression and zeros of packed groups.
    """
    fold = stride_fold(ops, array)
    taps = (
        np.ceil(ops.kernel_h * ops.kernel_w / fold)
        if not array.folds_strides
        else (np.ceil(ops.kernel_h / ops.stride_h) * np.ceil(ops.kernel_w / ops.stride_w))
    )
    folded = taps * ops.groups * ops.c_out_per_group * round_up(ops.c_in_per_group * fold, array.channel_quantum)
    strided = (fold > 1) & (ops.macs > 0)
    weights = np.where(strided, folded, ops.weight_elems)
    return np.where(uses_winograd(ops, array), weights * WINOGRAD_WEIGHTS, weights)


def atomic_onchip_elems(ops: OpTable, array: Any) -> Array:
    """Elements moved between buffer and array, ``(ops, points)``.

    Every pass over ``kernel_quantum`` output channels reads one input atom per pixel and tap;
    weights are read once and stay in the array, outputs are written once (sums live beside it).
    """
    together, channels, taps = _packed(ops, array)
    passes = np.ceil(together * ops.c_out_per_group / array.kernel_quantum) * np.ceil(ops.groups / together)
    inputs = passes * ops.n * ops.h_out * ops.w_out * taps * channels
    return inputs + ops.weight_elems + ops.output_elems


def _packed(ops: OpTable, array: Any) -> tuple[Array, Array, Array]:
    """Groups that share an atom, their input channels padded to the quantum, taps after folding strides."""
    fold = stride_fold(ops, array)
    together = np.minimum(np.maximum(1, np.floor(array.channel_quantum / ops.c_in_per_group)), ops.groups)
    channels = round_up(together * ops.c_in_per_group * fold, array.channel_quantum)
    return together, channels, ops.kernel_h * ops.kernel_w / fold


def stride_fold(ops: OpTable, array: Any) -> Array:
    """Channels each input channel becomes when strides are folded in."""
    return ops.stride_h * ops.stride_w if array.folds_strides else np.ones_like(ops.stride_h)


def uses_winograd(ops: OpTable, array: Any) -> np.ndarray:
    """Rows that run as F(2x2, 3x3)."""
    return ops.takes_3x3_at_unit_stride & (ops.groups == 1) & bool(array.winograd_3x3)
