"""One table of measures: the linter, the records of an analysis, sweeps, the reports and the manual read it.

A measure is a function of ``Parts`` and gives ``(parts, points)`` numbers, NaN where a part has nothing it speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from costsim.measures import formulas
from costsim.measures.columns import few_points
from costsim.measures.parts import Parts
from costsim.tables.runs import put_together
from costsim.tables.schema import Array

SHUFFLENET_V2 = "ShuffleNetV2 (Ma et al. 2018, arXiv 1807.11164)"
VARGNET = "VarGNet (Zhang et al. 2019, arXiv 1907.05653)"
ROOFLINE = "Roofline (Williams et al. 2009, doi 10.1145/1498765.1498785)"

Value = float | None


@dataclass(frozen=True)
class Measure:
    """What one measure means."""

    name: str
    symbol: str
    equation: str
    unit: str
    best: str
    guideline: str
    paper: str
    section: str
    of: Callable[..., Array]
    """Of the parts; of the seconds of their rows too, where it is made of times."""
    over: Literal["rows", "sum of blocks", "largest block"] = "rows"
    """What a stage's or a network's value is made of: all its rows as one, or the values of its blocks."""
    of_time: bool = False
    """Whether it is made of times on the device; all others only ask what is executed."""

    def or_best(self, value: Value) -> Value:
        """The value, or the best one where a part has nothing the measure speaks of: it has nothing to pay for."""
        return float(self.best) if value is None and self.best.isdigit() else value


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


MEASURES: tuple[Measure, ...] = (
    Measure(
        "access_ratio", "MAC / bound",
        "sum of hw(c1+c2) + c1 c2/g over sum of 2 sqrt(hw B g) + B/hw, per 1x1 convolution",
        "ratio", "1", "G1", SHUFFLENET_V2, "Section 3, G1, Equation 1", access_ratio,
    ),
    Measure(
        "channel_ratio", "c1 : c2", "largest max(c1/c2, c2/c1) of a 1x1 convolution",
        "ratio", "1", "G1", SHUFFLENET_V2, "Section 3, G1, Table 1", channel_ratio,
    ),
    Measure(
        "group_access_ratio", "MAC(g) / MAC(1)",
        "sum of features + weights over sum of features/sqrt(g) + weights, per group convolution: channels sqrt(g) "
        "times as many at equal multiply-accumulates",
        "ratio", "1", "G2", SHUFFLENET_V2, "Section 3, G2, Equation 2", group_access_ratio,
    ),
    Measure(
        "groups", "g", "most groups of a group convolution; 1 where there is none, depthwise ones left out",
        "groups", "1", "G2", SHUFFLENET_V2, "Section 3, G2", groups,
    ),
    Measure(
        "grouped_macs_ratio", "", "multiply-accumulates of group and depthwise convolutions over all",
        "0..1", "depends on the device", "G2", SHUFFLENET_V2, "Section 3, G2", grouped_macs_ratio,
    ),
    Measure(
        "fragments", "n", "convolutions and poolings over maps; a group convolution counts each of its groups",
        "pieces", "steps", "G3", SHUFFLENET_V2, "Section 3, G3; groups: Section 4", fragments,
    ),
    Measure(
        "kernels", "", "ops the device executes, after fusion",
        "ops", "few", "G3", SHUFFLENET_V2, "Section 3, G3", kernels,
    ),
    Measure(
        "steps", "", "convolutions and poolings on the longest chain",
        "ops", "fragments", "G3", SHUFFLENET_V2, "Appendix, Figure 1", steps,
    ),
    Measure(
        "branches", "", "most convolutions and poolings equally far down such chains",
        "ops", "1", "G3", SHUFFLENET_V2, "Appendix, Figure 1", branches,
    ),
    Measure(
        "fragmentation_ratio", "n / steps", "fragments over steps",
        "ratio", "1", "G3", SHUFFLENET_V2, "Section 3, G3", fragmentation_ratio,
    ),
    Measure(
        "critical_path_ratio", "", "time of the slowest chain of ops over the time of all ops, on the device",
        "0..1", "1", "G3", SHUFFLENET_V2, "Section 3, G3", critical_path_ratio, of_time=True,
    ),
    Measure(
        "elementwise_elems", "",
        "elements accessed by element-wise, activation, normalisation and copying ops of their own",
        "elements", "0", "G4", SHUFFLENET_V2, "Section 3, G4", elementwise_elems,
    ),
    Measure(
        "elementwise_access_ratio", "", "elementwise_elems over all elements accessed",
        "0..1", "0", "G4", SHUFFLENET_V2, "Section 3, G4", elementwise_access_ratio,
    ),
    Measure(
        "elementwise_time_ratio", "", "time of those ops over the time of all, on the device",
        "0..1", "0", "G4", SHUFFLENET_V2, "Section 3, G4, Figure 2", elementwise_time_ratio, of_time=True,
    ),
    Measure(
        "border_elems", "HWC in + HWC out",
        "elements of the tensors a block reads from and gives to others, each once a block",
        "elements", "small", "V1", VARGNET, "Section 3, Proposition 1", border_elems, "sum of blocks",
    ),
    Measure(
        "least_intensity", "", "least multiply-accumulates an element of its input map of a convolution",
        "multiply-accumulates an element", "most_intensity", "V2", VARGNET, "Section 3, Proposition 2", least_intensity,
    ),
    Measure(
        "most_intensity", "", "most multiply-accumulates an element of its input map of a convolution",
        "multiply-accumulates an element", "least_intensity", "V2", VARGNET, "Section 3, Proposition 2", most_intensity,
    ),
    Measure(
        "intensity_ratio", "", "most over least intensity of the convolutions inside a block",
        "ratio", "1", "V2", VARGNET, "Section 3, Proposition 2", intensity_ratio, "largest block",
    ),
    Measure(
        "macs_per_byte", "", "multiply-accumulates over bytes of all tensors of each op, once each",
        "multiply-accumulates a byte", "large", "V2", ROOFLINE, "operational intensity", macs_per_byte,
    ),
    Measure(
        "conv_weight_elems", "4 k^2 G C + 4 C^2", "weights of convolutions, without biases",
        "elements", "small", "V3", VARGNET, "Section 3", conv_weight_elems,
    ),
    Measure(
        "buffer_bytes", "", "all weights of a block and the most of its maps that exist at once",
        "bytes", "the buffer", "V3", VARGNET, "Section 3, Figure 2", buffer_bytes, "largest block",
    ),
    Measure(
        "line_buffer_bytes", "", "all weights of a block, and for each op the lines under its kernel and one it writes",
        "bytes", "the buffer", "V3", VARGNET, "Section 3, Figure 2", line_buffer_bytes, "largest block",
    ),
    Measure(
        "pair_buffer_bytes", "", "the same of the largest two ops of a block of which one reads the other",
        "bytes", "the buffer", "V3", VARGNET, "Section 3", pair_buffer_bytes, "largest block",
    ),
)  # fmt: skip
"""Every measure, in the order of the guidelines."""

HEADLINES = (
    "access_ratio", "group_access_ratio", "fragmentation_ratio", "elementwise_access_ratio", "border_elems",
    "intensity_ratio", "buffer_bytes",
)  # fmt: skip
"""The measure that each guideline is about, in the order of the guidelines."""

BY_NAME = {row.name: row for row in MEASURES}


def values(parts: Parts, measures: Iterable[Measure], latency_s: Array | None = None) -> dict[str, Array]:
    """``(parts, points)`` of each measure; ``latency_s`` ``(rows, points)`` where some are made of times."""
    return {row.name: _value(row, parts, latency_s) for row in measures}


def _value(row: Measure, parts: Parts, latency_s: Array | None) -> Array:
    if row.of_time:
        return row.of(parts, latency_s)
    if row.over == "rows":
        return row.of(parts)
    return parts.over_blocks(row.of(parts.blocks), np.add if row.over == "sum of blocks" else np.fmax)


def measure(parts: Parts, latency_s: Array) -> list[dict[str, Value]]:
    """All measures of each part, at the first point; None where the part has nothing a measure speaks of."""
    columns = {name: column[:, 0].tolist() for name, column in values(parts, MEASURES, latency_s).items()}
    return [{name: _plain(column[part]) for name, column in columns.items()} for part in range(len(parts))]


def _plain(value: float) -> Value:
    return None if np.isnan(value) else int(value) if value.is_integer() else value
