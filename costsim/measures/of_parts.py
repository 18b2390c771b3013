"""What each measure is of the parts of a network.

All give ``(parts, points)`` numbers, NaN where a part has nothing the measure speaks of.
"""

from __future__ import annotations

import numpy as np

from costsim.measures import formulas
from costsim.measures.columns import few_points
from costsim.measures.parts import Parts
from costsim.tables.runs import put_together
from costsim.tables.schema import Array


def access_ratio(parts: Parts) -> Array:
    """Memory access of the 1x1 convolutions over its lower bound at equal multiply-accumulates."""
    access, bound = pointwise_access(parts)
    return _over(access, bound)


def pointwise_access(parts: Parts) -> tuple[Array, Array]:
    """Elements that the 1x1 convolutions access, and the least they could at equal multiply-accumulates and groups."""
    ops, on = parts.ops, parts.of(parts.columns.pointwise)
    rows = _some(on)
    hw, c1, c2, g = (column[parts.rows[rows]] for column in (parts.columns.pixels, ops.c_in, ops.c_out, ops.groups))
    access = formulas.pointwise_mem_access(hw, c1, c2, g)
    bound = formulas.mem_access_bound(hw, formulas.pointwise_macs(hw, c1, c2, g), g)
    return _total(parts, on, rows, access), _total(parts, on, rows, bound)


def channel_ratio(parts: Parts) -> Array:
    on = parts.of(parts.columns.pointwise)
    rows = _some(on)
    c1, c2 = (column[parts.rows[rows]] for column in (parts.ops.c_in, parts.ops.c_out))
    column = np.full((len(on), *np.broadcast_shapes(on.shape[1:], c1.shape[1:], c2.shape[1:])), np.nan)
    column[rows] = np.where(on[rows], np.maximum(c1, c2) / np.minimum(c1, c2), np.nan)
    return parts.largest(column)


def group_access_ratio(parts: Parts) -> Array:
    return _over(*group_access(parts))


def group_access(parts: Parts) -> tuple[Array, Array]:
    """Elements that the group convolutions access, and that dense ones of equal multiply-accumulates would."""
    on = parts.of(parts.ops.is_grouped)
    rows, columns = _some(on), parts.columns
    taken = columns.input_map_elems, columns.output_map_elems, columns.multiplied_weights, parts.ops.groups
    maps_in, maps_out, weights, g = (column[parts.rows[rows]] for column in taken)
    features = maps_in + maps_out
    dense = features / np.sqrt(g) + weights
    return _total(parts, on, rows, features + weights), _total(parts, on, rows, dense)


def _some(on: Array) -> np.ndarray:
    """The rows for which a mask holds at any point: a measure of few ops is worked out for these."""
    return np.flatnonzero(on.any(axis=1))


def _total(parts: Parts, on: Array, rows: np.ndarray, values: Array) -> Array:
    """``(parts, points)`` the sum of what ``values`` are of some rows, where the mask ``on`` holds."""
    column = np.zeros((len(on), *np.broadcast_shapes(on.shape[1:], values.shape[1:])))
    column[rows] = np.where(on[rows], values, 0.0)
    return parts.total(column)


def groups(parts: Parts) -> Array:
    return parts.largest(np.where(parts.of(parts.ops.is_grouped), parts.of(parts.ops.groups), 1.0))


def grouped_macs_ratio(parts: Parts) -> Array:
    grouped, macs = parts.of(parts.ops.is_grouped | parts.ops.is_depthwise), parts.of(parts.ops.macs)
    return _over(parts.total(macs * grouped), parts.total(macs))


def fragments(parts: Parts) -> Array:
    return parts.total(parts.of(parts.columns.fragments))


def kernels(parts: Parts) -> Array:
    return parts.lengths[:, None].astype(float)


def steps(parts: Parts) -> Array:
    return parts.largest(parts.depth)


def branches(parts: Parts) -> Array:
    """Rows as deep as each other are counted; ``(parts, depths)`` for every distinct column of points."""
    depth = few_points(np.where(parts.of(parts.columns.counts), parts.depth, 0).astype(int))
    distinct, of_point = np.unique(depth, axis=1, return_inverse=True) if depth.shape[1] > 1 else (depth, [0])
    depths = int(depth.max()) + 1
    place = parts.part_of[:, None] * depths + distinct
    counts = [np.bincount(own, minlength=len(parts) * depths).reshape(-1, depths)[:, 1:] for own in place.T]
    return np.stack([own.max(axis=1, initial=0) for own in counts], axis=1)[:, np.ravel(of_point)].astype(float)


def fragmentation_ratio(parts: Parts) -> Array:
    return _over(fragments(parts), steps(parts))


def critical_path_ratio(parts: Parts, latency_s: Array) -> Array:
    return _over(parts.largest(parts.longest(latency_s)), parts.total(latency_s))


def elementwise_elems(parts: Parts) -> Array:
    return parts.total(parts.of(parts.ops.mem_access_elems) * parts.of(parts.columns.elementwise))


def elementwise_access_ratio(parts: Parts) -> Array:
    return _over(elementwise_elems(parts), parts.total(parts.of(parts.ops.mem_access_elems)))


def elementwise_time_ratio(parts: Parts, latency_s: Array) -> Array:
    return _over(parts.total(latency_s * parts.of(parts.columns.elementwise)), parts.total(latency_s))


def border_elems(parts: Parts) -> Array:
    return parts.border_elems


def least_intensity(parts: Parts) -> Array:
    return parts.least(parts.of(parts.columns.input_intensity))


def most_intensity(parts: Parts) -> Array:
    return parts.largest(parts.of(parts.columns.input_intensity))


def intensity_ratio(parts: Parts) -> Array:
    return most_intensity(parts) / least_intensity(parts)


def macs_per_byte(parts: Parts) -> Array:
    return _over(parts.total(parts.of(parts.ops.macs)), parts.total(parts.of(parts.ops.compulsory_bytes)))


def conv_weight_elems(parts: Parts) -> Array:
    return parts.total(parts.of(parts.columns.multiplied_weights))


def buffer_bytes(parts: Parts) -> Array:
    map_bytes = parts.peak_map_elems * parts.largest(parts.of(parts.ops.elem_bytes))
    return parts.total(parts.of(parts.ops.weight_bytes)) + map_bytes


def line_buffer_bytes(parts: Parts) -> Array:
    return parts.total(parts.of(parts.columns.line_buffer_bytes))


def pair_buffer_bytes(parts: Parts) -> Array:
    need = parts.of(parts.columns.line_buffer_bytes)
    beside = np.zeros_like(need)
    put_together(np.maximum, beside, parts.chains.reader, need, parts.chains.source)
    return parts.largest(need + beside)


def _over(dividend: Array, divisor: Array) -> Array:
    """Their ratio; NaN where there is nothing to divide by."""
    return dividend / np.where(divisor == 0, np.nan, divisor)
