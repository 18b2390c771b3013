"""Row-stationary arrays (Eyeriss): a kernel row stays in an element, sums travel down the columns."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from costsim.devices.accelerator.arrays.base import ArrayCosts
from costsim.devices.accelerator.arrays.grid import Grid
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

CHANNELS_PER_PSUM_PASS = 2.0
"""Input channels summed inside one stacked set before its sums go to the buffer; fitted on the 13 VGG-16
layers of the Eyeriss chip (JSSC 2017, Table VI: global buffer accesses; within 20 % of 12 of them)."""


class RowStationaryArray(Grid):
    """Row-stationary (Eyeriss): kernel rows down, output rows across; filters and images stacked."""

    kind: Literal["row_stationary"]

    @property
    def grain(self) -> tuple[Any, Any]:
        return self.rows, self.rows

    def costs(self, ops: OpTable) -> ArrayCosts:
        return ArrayCosts.of(ops, row_stationary_cycles(ops, self), row_stationary_onchip_elems(ops, self))


def row_stationary_cycles(ops: OpTable, array: RowStationaryArray) -> Array:
    """Cycles of the array alone, ``(ops, points)``.

        cycles = macs / (kernel_h * columns)

    A kernel row occupies one element, so ``kernel_h`` rows work together; the array holds
    ``bands = floor(rows / kernel_h)`` of such bands, ``slots = bands * cols`` output rows at a time.
    Taller outputs take ``ceil(h_out / slots)`` passes; shorter ones are stacked ``floor(slots / h_out)``
    times over filters and channels. Kernels taller than the array fold.

    Source: Chen et al., JSSC 2017 (active elements of AlexNet C1 to C5: 154, 135, 156, 156, 156, which
    this gives). Ignores start and drain of passes: 13 % on the published layers.
    """
    folds = np.ceil(ops.kernel_h / array.rows)
    height = np.ceil(ops.kernel_h / folds)
    slots = np.floor(array.rows / height) * array.cols
    rows = ops.n * ops.h_out  # images of a batch take slots of their own
    stacked = stacked_sets(ops, array)
    used = np.where(ops.h_out >= slots, rows / np.ceil(rows / slots), ops.h_out * stacked)
    return ops.macs / (height * np.maximum(used, 1.0))


def stacked_sets(ops: OpTable, array: RowStationaryArray) -> Array:
    """How many copies of the output's rows fit the array side by side, ``(ops, points)``."""
    height = np.ceil(ops.kernel_h / np.ceil(ops.kernel_h / array.rows))
    bands = np.floor(array.rows / height)
    whole = np.floor(array.cols / ops.h_out) * bands  # sets that fit in one band
    across = np.floor(bands * array.cols / ops.h_out)  # sets that wrap around bands
    stacked = np.maximum(np.where(ops.h_out <= array.cols, whole, across), 1.0)
    return np.minimum(stacked, ops.n * ops.groups * ops.c_in_per_group * ops.c_out_per_group)


def row_stationary_onchip_elems(ops: OpTable, array: RowStationaryArray) -> Array:
    """Elements moved between buffer and array, ``(ops, points)``: mostly partial sums.

    Sums are written and read back once per ``CHANNELS_PER_PSUM_PASS`` channels of a stacked set.
    """
    channels = np.maximum(
        1.0, CHANNELS_PER_PSUM_PASS * np.where(stacked_sets(ops, array) > 1, stacked_sets(ops, array), 1)
    )
    tall = ops.h_out > array.cols * np.floor(array.rows / np.minimum(ops.kernel_h, array.rows))
    passes = np.ceil(ops.c_in_per_group / np.where(tall, 1.0, channels))
    return ops.input_elems + ops.weight_elems + 2 * passes * ops.n * ops.c_out * ops.h_out * ops.w_out


def mapped_dram_bytes(
    ops: OpTable, *, images: Any, filters: Any, strip_rows: Any, input_zero_ratio: Any, output_zero_ratio: Any
) -> Array:
    """Off-chip bytes under a given mapping of Eyeriss, ``(ops, points)``; the mapping broadcasts against that.

        weights * ceil(N/n) + input * halo * ceil(M/m) * rho(z_in) + output * rho(z_out)
        halo = ((e - 1) s + k) / (e s) where strips are not the whole height,   rho(z) = 4/3 (1 - z)

    ``n`` images, ``m`` filters of a group and ``e`` output rows (``images, filters, strip_rows``) are on
    chip at once; ``rho`` is the run-length code of maps, three values a 64-bit word.

    Source: Chen et al., JSSC 2017, Table III for the form of mappings; checked against the measured bytes
    of each AlexNet layer in tests/validation. Ignores zero runs longer than the code's 31.
    """
    lines = (strip_rows - 1) * ops.stride_h + ops.kernel_h
    halo = np.where(strip_rows < ops.h_out, lines / (strip_rows * ops.stride_h), 1.0)
    weights = ops.weight_bytes * np.ceil(ops.n / images)
    inputs = ops.input_bytes * halo * np.ceil(ops.c_out_per_group / filters) * run_length_ratio(input_zero_ratio)
    return weights + inputs + ops.output_bytes * run_length_ratio(output_zero_ratio)


def run_length_ratio(zero_ratio: Any) -> Any:
    """Bytes of a run-length coded map over its plain bytes: three values in 64 bits, zeros skipped."""
    return 4 / 3 * (1 - np.asarray(zero_ratio))
