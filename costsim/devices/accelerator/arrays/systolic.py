"""Systolic arrays: a matrix product folded over a grid of processing elements."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from costsim.devices.accelerator.arrays.base import ArrayCosts
from costsim.devices.accelerator.arrays.grid import Grid
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


class SystolicArray(Grid):
    """Systolic: a matrix product folded over ``rows`` x ``cols`` processing elements."""

    kind: Literal["systolic"]
    dataflow: Literal["output_stationary", "weight_stationary", "input_stationary"]

    @property
    def grain(self) -> tuple[Any, Any]:
        return self.rows, self.cols

    def costs(self, ops: OpTable) -> ArrayCosts:
        return ArrayCosts.of(ops, systolic_cycles(ops, self), systolic_onchip_elems(ops, self))


def systolic_fold_cycles(m: Any, k: Any, n: Any, rows: Any, cols: Any, dataflow: str) -> Any:
    """Cycles of an ``m x k`` times ``k x n`` product on ``rows x cols`` elements, all arrays broadcast.

        output stationary:  (k + rows + cols - 2) ceil(m/rows) ceil(n/cols) - 1
        weight stationary:  (2 rows + cols + m - 2) ceil(k/rows) ceil(n/cols) - 1
        input stationary:   (2 rows + cols + n - 2) ceil(k/rows) ceil(m/cols) - 1

    Source: SCALE-Sim (Samajdar et al., arXiv 1811.02883), equal to what ``scalesim`` 3.0.0 reports
    as compute cycles. Ignores stalls on memory: they are separate ceilings.
    """
    if dataflow == "output_stationary":
        return (k + rows + cols - 2) * np.ceil(m / rows) * np.ceil(n / cols) - 1
    if dataflow == "weight_stationary":
        return (2 * rows + cols + m - 2) * np.ceil(k / rows) * np.ceil(n / cols) - 1
    return (2 * rows + cols + n - 2) * np.ceil(k / rows) * np.ceil(m / cols) - 1


def systolic_cycles(ops: OpTable, array: SystolicArray) -> Array:
    """Cycles of the array alone, ``(ops, points)``: one product per group, one after the other.

    A depthwise layer is a product with one column: 1/cols of the array at best.
    """
    pixels = ops.n * ops.h_out * ops.w_out
    depth = ops.c_in_per_group * ops.kernel_h * ops.kernel_w
    return ops.groups * systolic_fold_cycles(pixels, depth, ops.c_out_per_group, array.rows, array.cols, array.dataflow)


def systolic_onchip_elems(ops: OpTable, array: SystolicArray) -> Array:
    """Elements moved between buffers and array, ``(ops, points)``.

    The stationary operand is read once; the moving one once per fold along the other dimension;
    partial sums of folds over the depth are written and read back.
    """
    m = ops.n * ops.h_out * ops.w_out
    k = ops.c_in_per_group * ops.kernel_h * ops.kernel_w
    n = ops.c_out_per_group
    folds: dict[str, tuple[Any, Any, Any]] = {
        "output_stationary": (np.ceil(n / array.cols), np.ceil(m / array.rows), 1.0),
        "weight_stationary": (np.ceil(n / array.cols), 1.0, 2 * np.ceil(k / array.rows) - 1),
        "input_stationary": (1.0, np.ceil(m / array.cols), 2 * np.ceil(k / array.rows) - 1),
    }
    inputs, weights, sums = folds[array.dataflow]
    return ops.groups * (m * k * inputs + k * n * weights + m * n * sums)
