"""Winograd convolution F(t x t, 3 x 3): fewer multiplications for two transforms.

Each t x t patch of outputs becomes (t+2)^2 independent matrix products over channels
(Lavin and Gray 2016, arXiv 1509.09308). ncnn takes t = 6 up to 128 channels and t = 4 above
(src/layer/arm/convolution_arm.cpp); patches at the border are computed whole.

Ignored: transforms of the weights (done once at load time) and the arithmetic of the transforms
beyond a rate per transformed element.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from costsim.devices.cpu.kernels.packed import padded_copy, product_work, row_tiles, serial_products
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.precision import HALF_BYTES
from costsim.devices.cpu.profile import CpuRuntime
from costsim.devices.cpu.profile import Winograd as WinogradRules
from costsim.devices.cpu.work import Rows, Work
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


@dataclass(frozen=True)
class WinogradShape:
    """What one image costs."""

    products: Array
    """Independent matrix products, (t+2)^2."""
    patches: Array
    """Columns of each product."""
    input_elems: Array
    """Transformed input, written once."""
    output_elems: Array
    """Products before the inverse transform, read once."""
    weight_ratio: Array
    """Transformed weights over stored 3 x 3 weights."""


def winograd_shape(c_in: Array, c_out: Array, h: Array, w: Array, tile: Any) -> WinogradShape:
    """The sizes of F(tile x tile, 3 x 3) over an output of h x w."""
    products = np.square(tile + 2.0)
    patches = np.ceil(h / tile) * np.ceil(w / tile)
    return WinogradShape(
        products=products,
        patches=patches,
        input_elems=products * patches * c_in,
        output_elems=products * patches * c_out,
        weight_ratio=products / 9.0,
    )


def takes_winograd(ops: OpTable, runtime: CpuRuntime) -> np.ndarray:
    """Rows the runtime computes by Winograd: 3 x 3, stride 1, enough channels, in half precision whole packs."""
    if runtime.winograd is None:
        return np.zeros_like(ops.kind, dtype=bool)
    wide = np.maximum(ops.c_in_per_group, ops.c_out_per_group) >= runtime.winograd.min_channels
    multiple = np.where(ops.elem_bytes == HALF_BYTES, runtime.winograd.half_channel_multiple, 1.0)
    whole = np.mod(ops.c_out_per_group, multiple) == 0
    return ops.takes_3x3_at_unit_stride & wide & whole & ~ops.is_depthwise


def patch_of(ops: OpTable, rules: WinogradRules) -> Array:
    """Side of the patches of outputs, by channels and map."""
    most = np.maximum(ops.c_out_per_group, ops.c_in_per_group)
    patch = np.where(most <= rules.large_patch_max_channels, rules.large_patch, rules.small_patch)
    return np.where(np.minimum(ops.h_out, ops.w_out) <= rules.tiny_map, rules.tiny_patch, patch)


class Winograd:
    """3 x 3 convolutions of stride 1 as one matrix product for each frequency of a patch."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """Mask ``(ops, points)``."""
        return takes_winograd(rows.ops, machine.runtime)

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """``(t + 2)^2`` products of ``c_out x c_in`` by ``c_in x patches`` a group, and the transforms around them.

        Source: ``winograd_shape``; which patch is taken: ncnn src/layer/arm/convolution_arm.cpp.
        Ignores: what ``winograd_shape`` ignores. Error: that of ``product_work``, on fewer products.
        """
        ops, rules = rows.ops, machine.runtime.winograd
        assert rules is not None  # applies to no row without
        m, k, repeats = ops.c_out_per_group, ops.c_in_per_group, ops.groups
        shape = winograd_shape(k, m, ops.h_out, ops.w_out, patch_of(ops, rules))
        return Work(
            **product_work(m, shape.patches, k, repeats * shape.products, ops.elem_bytes, machine),
            packed=padded_copy(ops),
            transformed=repeats * (shape.input_elems + shape.output_elems),
            items=row_tiles(ops, machine),
            weight_bytes=ops.weight_bytes * shape.weight_ratio,
            products=serial_products(ops, machine),
        )
