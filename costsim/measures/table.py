"""One table of measures: the linter, the records of an analysis, sweeps, the reports and the manual read it.

A measure is a function of ``costsim.measures.of_parts``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from costsim.measures import of_parts
from costsim.measures.parts import Parts
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


MEASURES: tuple[Measure, ...] = (
    Measure(
        "access_ratio", "MAC / bound",
        "sum of hw(c1+c2) + c1 c2/g over sum of 2 sqrt(hw B g) + B/hw, per 1x1 convolution",
        "ratio", "1", "G1", SHUFFLENET_V2, "Section 3, G1, Equation 1", of_parts.access_ratio,
    ),
    Measure(
        "channel_ratio", "c1 : c2", "largest max(c1/c2, c2/c1) of a 1x1 convolution",
        "ratio", "1", "G1", SHUFFLENET_V2, "Section 3, G1, Table 1", of_parts.channel_ratio,
    ),
    Measure(
        "group_access_ratio", "MAC(g) / MAC(1)",
        "sum of features + weights over sum of features/sqrt(g) + weights, per group convolution: channels sqrt(g) "
        "times as many at equal multiply-accumulates",
        "ratio", "1", "G2", SHUFFLENET_V2, "Section 3, G2, Equation 2", of_parts.group_access_ratio,
    ),
    Measure(
        "groups", "g", "most groups of a group convolution; 1 where there is none, depthwise ones left out",
        "groups", "1", "G2", SHUFFLENET_V2, "Section 3, G2", of_parts.groups,
    ),
    Measure(
        "grouped_macs_ratio", "", "multiply-accumulates of group and depthwise convolutions over all",
        "0..1", "depends on the device", "G2", SHUFFLENET_V2, "Section 3, G2", of_parts.grouped_macs_ratio,
    ),
    Measure(
        "fragments", "n", "convolutions and poolings over maps; a group convolution counts each of its groups",
        "pieces", "steps", "G3", SHUFFLENET_V2, "Section 3, G3; groups: Section 4", of_parts.fragments,
    ),
    Measure(
        "kernels", "", "ops the device executes, after fusion",
        "ops", "few", "G3", SHUFFLENET_V2, "Section 3, G3", of_parts.kernels,
    ),
    Measure(
        "steps", "", "convolutions and poolings on the longest chain",
        "ops", "fragments", "G3", SHUFFLENET_V2, "Appendix, Figure 1", of_parts.steps,
    ),
    Measure(
        "branches", "", "most convolutions and poolings equally far down such chains",
        "ops", "1", "G3", SHUFFLENET_V2, "Appendix, Figure 1", of_parts.branches,
    ),
    Measure(
        "fragmentation_ratio", "n / steps", "fragments over steps",
        "ratio", "1", "G3", SHUFFLENET_V2, "Section 3, G3", of_parts.fragmentation_ratio,
    ),
    Measure(
        "critical_path_ratio", "", "time of the slowest chain of ops over the time of all ops, on the device",
        "0..1", "1", "G3", SHUFFLENET_V2, "Section 3, G3", of_parts.critical_path_ratio, of_time=True,
    ),
    Measure(
        "elementwise_elems", "",
        "elements accessed by element-wise, activation, normalisation and copying ops of their own",
        "elements", "0", "G4", SHUFFLENET_V2, "Section 3, G4", of_parts.elementwise_elems,
    ),
    Measure(
        "elementwise_access_ratio", "", "elementwise_elems over all elements accessed",
        "0..1", "0", "G4", SHUFFLENET_V2, "Section 3, G4", of_parts.elementwise_access_ratio,
    ),
    Measure(
        "elementwise_time_ratio", "", "time of those ops over the time of all, on the device",
        "0..1", "0", "G4", SHUFFLENET_V2, "Section 3, G4, Figure 2", of_parts.elementwise_time_ratio, of_time=True,
    ),
    Measure(
        "border_elems", "HWC in + HWC out",
        "elements of the tensors a block reads from and gives to others, each once a block",
        "elements", "small", "V1", VARGNET, "Section 3, Proposition 1", of_parts.border_elems, "sum of blocks",
    ),
    Measure(
        "least_intensity", "", "least multiply-accumulates an element of its input map of a convolution",
        "multiply-accumulates an element", "most_intensity", "V2", VARGNET, "Section 3, Proposition 2",
        of_parts.least_intensity,
    ),
    Measure(
        "most_intensity", "", "most multiply-accumulates an element of its input map of a convolution",
        "multiply-accumulates an element", "least_intensity", "V2", VARGNET, "Section 3, Proposition 2",
        of_parts.most_intensity,
    ),
    Measure(
        "intensity_ratio", "", "most over least intensity of the convolutions inside a block",
        "ratio", "1", "V2", VARGNET, "Section 3, Proposition 2", of_parts.intensity_ratio, "largest block",
    ),
    Measure(
        "macs_per_byte", "", "multiply-accumulates over bytes of all tensors of each op, once each",
        "multiply-accumulates a byte", "large", "V2", ROOFLINE, "operational intensity", of_parts.macs_per_byte,
    ),
    Measure(
        "conv_weight_elems", "4 k^2 G C + 4 C^2", "weights of convolutions, without biases",
        "elements", "small", "V3", VARGNET, "Section 3", of_parts.conv_weight_elems,
    ),
    Measure(
        "buffer_bytes", "", "all weights of a block and the most of its maps that exist at once",
        "bytes", "the buffer", "V3", VARGNET, "Section 3, Figure 2", of_parts.buffer_bytes, "largest block",
    ),
    Measure(
        "line_buffer_bytes", "", "all weights of a block, and for each op the lines under its kernel and one it writes",
        "bytes", "the buffer", "V3", VARGNET, "Section 3, Figure 2", of_parts.line_buffer_bytes, "largest block",
    ),
    Measure(
        "pair_buffer_bytes", "", "the same of the largest two ops of a block of which one reads the other",
        "bytes", "the buffer", "V3", VARGNET, "Section 3", of_parts.pair_buffer_bytes, "largest block",
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
