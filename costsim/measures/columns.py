"""Columns of an op table that measures are made of, worked out once however the table is cut into parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

ELEMENTWISE = ("element-wise", "activation", "normalisation", "shuffle", "data movement")
"""Op classes that compute next to nothing and move whole maps."""


@dataclass(frozen=True, eq=False)
class Columns:
    """All arrays are ``(ops, points)``, with one point where all points agree; factors that often agree come first."""

    ops: OpTable
    given_elems: Array
    """``(networks, points)`` elements of what each network of the table is given; of several inputs together."""

    @cached_property
    def over_maps(self) -> Array:
        """Mask of the convolutions over more than one pixel; squeeze-excite is not meant."""
        ops = self.ops
        return ops.convolves & ~ops.is_op("conv_transpose") & (ops.h_out * ops.w_out > 1)

    @cached_property
    def pointwise(self) -> Array:
        """Mask of the 1x1 convolutions among them."""
        return self.over_maps & self.ops.is_one_pixel

    @cached_property
    def pixels(self) -> Array:
        """Pixels of the output maps, of all images."""
        return self.ops.n * self.ops.h_out * self.ops.w_out

    @cached_property
    def input_map_elems(self) -> Array:
        """Elements of the map a row's loop nest reads: what is fused behind it reads none of it."""
        ops = self.ops
        return ops.n * ops.h_in * ops.w_in * ops.c_in

    @cached_property
    def output_map_elems(self) -> Array:
        return self.pixels * self.ops.c_out

    @cached_property
    def input_intensity(self) -> Array:
        """Multiply-accumulates an element of the map that a convolution reads; NaN elsewhere."""
        return self.ops.macs / np.where(self.over_maps, self.input_map_elems, np.nan)

    @cached_property
    def multiplied_weights(self) -> Array:
        """Weights that multiply: no biases."""
        ops = self.ops
        return ops.convolves * ops.kernel_h * ops.kernel_w * (ops.c_out * ops.c_in_per_group)

    @cached_property
    def fragments(self) -> Array:
        """Pieces: 1 a convolution or pooling over a map, and one a group of a group convolution."""
        ops = self.ops
        pools = ops.is_op("max_pool", "avg_pool") & (self.pixels > ops.n)
        groups = np.where(ops.is_depthwise, 1.0, ops.groups)
        return np.where(self.over_maps | ops.is_op("conv_transpose"), groups, pools.astype(float))

    @cached_property
    def counts(self) -> np.ndarray:
        """Mask of the rows that are a fragment at least."""
        return few_points(self.fragments > 0)

    @cached_property
    def elementwise(self) -> np.ndarray:
        """``(ops, 1)`` mask of the element-wise and copying ops."""
        return np.array([label.op_class in ELEMENTWISE for label in self.ops.labels])[:, None]

    @cached_property
    def line_buffer_bytes(self) -> Array:
        """All weights of a row and what it needs to run line by line over one image: lines under its kernel, one
        written.
        """
        ops = self.ops
        reach = np.minimum(ops.dilation_h * (ops.kernel_h - 1) + 1, ops.h_in)
        lines = np.where(ops.by_word(lambda word: word.whole_input) > 0, ops.h_in, reach)
        return ops.weight_bytes + (lines * ops.w_in * ops.c_in + ops.w_out * ops.c_out) * ops.elem_bytes

    @cached_property
    def tensor_elems(self) -> Array:
        """``(ops + networks, points)`` elements of every tensor: what each row writes, then what each network reads."""
        tensors = self.ops.output_elems, self.given_elems
        points = np.broadcast_shapes(*(elems.shape[1:] for elems in tensors))
        return np.concatenate([np.broadcast_to(elems, (len(elems), *points)) for elems in tensors])


def few_points(column: np.ndarray) -> np.ndarray:
    """The same column with one point where all of its points agree."""
    return column[:, :1] if column.shape[1] > 1 and (column == column[:, :1]).all() else column
