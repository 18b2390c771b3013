"""One table of measures: the linter, the records of an analysis, the reports and the manual read it.

A measure is a function of a ``Part`` and gives a number, or None where the part has nothing it speaks of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from costsim.measures import formulas
from costsim.measures.part import Part

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
    of: Callable[[Part], Value]
    over: Literal["rows", "sum of blocks", "largest block"] = "rows"
    """What a stage's or a network's value is made of: all its rows as one, or the values of its blocks."""

    def or_best(self, value: Value) -> Value:
        """The value, or the best one where a part has nothing the measure speaks of: it has nothing to pay for."""
        return float(self.best) if value is None and self.best.isdigit() else value


def access_ratio(part: Part) -> Value:
    """Memory access of the 1x1 convolutions over its lower bound at equal multiply-accumulates."""
    access, bound = pointwise_access(part)
    return access / bound if bound else None


def pointwise_access(part: Part) -> tuple[float, float]:
    """Elements that the 1x1 convolutions access, and the least they could at equal multiply-accumulates and groups."""
    ops, on = part.ops, part.pointwise
    hw, c1, c2, g = (a[on] for a in (part.pixels, part.of(ops.c_in), part.of(ops.c_out), part.of(ops.groups)))
    access = formulas.pointwise_mem_access(hw, c1, c2, g).sum()
    return float(access), float(formulas.mem_access_bound(hw, formulas.pointwise_macs(hw, c1, c2, g), g).sum())


def channel_ratio(part: Part) -> Value:
    c1, c2 = part.of(part.ops.c_in)[part.pointwise], part.of(part.ops.c_out)[part.pointwise]
    return float(np.maximum(c1 / c2, c2 / c1).max()) if len(c1) else None


def group_access_ratio(part: Part) -> Value:
    grouped, dense = group_access(part)
    return grouped / dense if dense else None


def group_access(part: Part) -> tuple[float, float]:
    """Elements that the group convolutions access, and that dense ones of equal multiply-accumulates would."""
    on = part.of(part.ops.is_grouped)
    features, weights = (part.input_map_elems + part.output_map_elems)[on], part.multiplied_weights[on]
    dense = features / np.sqrt(part.of(part.ops.groups)[on]) + weights
    return float((features + weights).sum()), float(dense.sum())


def groups(part: Part) -> Value:
    return float(np.where(part.of(part.ops.is_grouped), part.of(part.ops.groups), 1).max())


def grouped_macs_ratio(part: Part) -> Value:
    macs = part.of(part.ops.macs)
    grouped = part.of(part.ops.is_grouped | part.ops.is_depthwise)
    return float(macs[grouped].sum() / macs.sum()) if macs.any() else None


def fragments(part: Part) -> Value:
    return float(part.fragments.sum())


def kernels(part: Part) -> Value:
    return float(len(part.rows))


def steps(part: Part) -> Value:
    return float(part.depth.max())


def branches(part: Part) -> Value:
    depths = part.depth[part.fragments > 0]
    return float(np.unique(depths, return_counts=True)[1].max()) if len(depths) else 0.0


def fragmentation_ratio(part: Part) -> Value:
    longest = part.depth.max()
    return float(part.fragments.sum() / longest) if longest else None


def critical_path_ratio(part: Part) -> Value:
    latency_s = part.latency_s[part.rows]
    return float(part.longest(latency_s).max() / latency_s.sum()) if latency_s.sum() else None


def elementwise_elems(part: Part) -> Value:
    return float(part.of(part.ops.mem_access_elems)[part.elementwise].sum())


def elementwise_access_ratio(part: Part) -> Value:
    elems = part.of(part.ops.mem_access_elems)
    return float(elems[part.elementwise].sum() / elems.sum()) if elems.any() else None


def elementwise_time_ratio(part: Part) -> Value:
    latency_s = part.latency_s[part.rows]
    return float(latency_s[part.elementwise].sum() / latency_s.sum()) if latency_s.sum() else None


def border_elems(part: Part) -> Value:
    return float(sum(part.tensors_in().values()) + sum(part.tensors_out().values()))


def input_intensity(part: Part) -> np.ndarray:
    """``(convolutions,)`` multiply-accumulates an element of the map they read."""
    return part.of(part.ops.macs)[part.over_maps] / part.input_map_elems[part.over_maps]


def least_intensity(part: Part) -> Value:
    return float(input_intensity(part).min()) if part.over_maps.any() else None


def most_intensity(part: Part) -> Value:
    return float(input_intensity(part).max()) if part.over_maps.any() else None


def intensity_ratio(part: Part) -> Value:
    intensity = input_intensity(part)
    return float(intensity.max() / intensity.min()) if len(intensity) else None


def macs_per_byte(part: Part) -> Value:
    moved, macs = part.of(part.ops.compulsory_bytes).sum(), part.of(part.ops.macs).sum()
    return float(macs / moved) if moved else None


def conv_weight_elems(part: Part) -> Value:
    return float(part.multiplied_weights.sum())


def buffer_bytes(part: Part) -> Value:
    map_bytes = part.peak_map_elems() * float(part.of(part.ops.elem_bytes).max())
    return float(part.of(part.ops.weight_bytes).sum()) + map_bytes


def line_buffer_bytes(part: Part) -> Value:
    return float((part.of(part.ops.weight_bytes) + part.line_bytes).sum())


def pair_buffer_bytes(part: Part) -> Value:
    need = dict(zip(part.rows.tolist(), (part.of(part.ops.weight_bytes) + part.line_bytes).tolist(), strict=True))
    pairs = (need[row] + need.get(p, 0.0) for row in need for p in (-1, *part.ops.producers[row]))
    return max(pairs)


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
        "0..1", "1", "G3", SHUFFLENET_V2, "Section 3, G3", critical_path_ratio,
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
        "0..1", "0", "G4", SHUFFLENET_V2, "Section 3, G4, Figure 2", elementwise_time_ratio,
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


def measure(part: Part) -> dict[str, Value]:
    """All measures of a part of a network; None where the part has nothing a measure speaks of."""
    return {row.name: _whole(_value(row, part)) for row in MEASURES}


def _value(row: Measure, part: Part) -> Value:
    if row.over == "rows" or len(part.blocks) == 1:
        return row.of(part)
    values = [value for block in part.blocks if (value := row.of(block)) is not None]
    return None if not values else sum(values) if row.over == "sum of blocks" else max(values)


def _whole(value: Value) -> Value:
    return int(value) if value is not None and value.is_integer() else value
