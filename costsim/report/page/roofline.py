"""The roofline (Williams, Waterman, Patterson, CACM 52(4), 2009): every op against the roofs of its device.

An op's point is its arithmetic per byte moved at one memory level against the speed it is
predicted to reach; the roofs are the device's peaks before any efficiency. Winograd does fewer
multiplications than the op counts, so its points may lie above the arithmetic roof.

An op without arithmetic (a copy) has no place on the axes. It is put on the left edge, at the
height that the bandwidth it reaches would give there: below the slope by what it leaves unused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from costsim.devices import device_for
from costsim.simulate import Simulation
from costsim.tables.optable import MAC, MOVE
from costsim.units import format_quantity

if TYPE_CHECKING:
    from costsim.analysis import Analysis

Record = dict[str, Any]

MARGIN_RATIO = 2.0
"""Room left and right of the outermost op and of the knee."""


def roofline(analysis: Analysis) -> tuple[list[Record], list[Record]]:
    """(points, roofs): a point per op and memory level, and the corners of each level's roofs.

    An op that neither computes nor moves anything at a level has no point there. The ``row`` of a point
    is its place among the layer records.
    """
    simulation = analysis.simulation
    peaks = device_for(simulation.profile).roofs(simulation.profile, simulation.run)
    peak = 2 * float(peaks.macs_per_s)
    unit = "OP" if simulation.run.dtype.startswith("int") else "FLOP"
    place = [place for place, _ in analysis.op_records]
    points: list[Record] = []
    roofs: list[Record] = []
    for level, traffic in simulation.costs.traffic.items():
        bandwidth = float(peaks.bytes_per_s.get(level, 0.0))
        moved = np.broadcast_to(traffic, simulation.costs.latency_s.shape)[:, 0]
        left, right = _edges(simulation.ops.flops[:, 0], moved, peak / bandwidth if bandwidth else None)
        for point in _points(simulation, moved, left, right):
            points.append({"level": level, **point, "row": place[point["row"]]})
        roofs += [{"level": level} | corner for corner in _corners(bandwidth, peak, left, right, unit)]
    return points, roofs


def _points(simulation: Simulation, moved: np.ndarray, left: float, right: float) -> Iterator[Record]:
    ops, latency_s = simulation.ops, simulation.costs.own.latency_s[:, 0]
    kind = np.select([ops.kind[:, 0] == MAC, ops.kind[:, 0] == MOVE], ["macs", "copy"], "vector")
    flops = ops.flops[:, 0]
    runs = latency_s > 0
    speed = np.divide(flops, latency_s, out=np.zeros(len(ops)), where=runs)
    bandwidth = np.divide(moved, latency_s, out=np.zeros(len(ops)), where=runs)
    intensity = np.divide(flops, moved, out=np.full(len(ops), right), where=moved > 0)
    x = np.where(flops > 0, intensity, left)
    y = np.where(flops > 0, speed, bandwidth * left)
    for row in np.flatnonzero(y > 0):
        yield {
            "row": int(row),
            "kind": str(kind[row]),
            "x": float(x[row]),
            "y": float(y[row]) / 1e9,
            "gflops_per_s": float(speed[row]) / 1e9,
            "gbytes_per_s": float(bandwidth[row]) / 1e9,
        }


def _edges(flops: np.ndarray, moved: np.ndarray, knee: float | None) -> tuple[float, float]:
    """FLOP per byte between which every op and the knee lie."""
    both = (flops > 0) & (moved > 0)
    intensity = np.append(flops[both] / moved[both], [knee] if knee else [])
    if not len(intensity):
        return 0.1, 100.0
    return float(intensity.min() / MARGIN_RATIO), float(intensity.max() * MARGIN_RATIO)


def _corners(bandwidth: float, peak: float, left: float, right: float, unit: str) -> list[Record]:
    """Ends of the slope (none where the level has no bandwidth of its own) and of the flat roof."""
    knee = peak / bandwidth if bandwidth else left
    ends = [("bandwidth", left, left * bandwidth, bandwidth), ("bandwidth", knee, peak, bandwidth)] if bandwidth else []
    ends += [("arithmetic", knee, peak, peak), ("arithmetic", right, peak, peak)]
    units = {"bandwidth": "B/s", "arithmetic": f"{unit}/s"}
    return [
        {"roof": roof, "x": x, "y": y / 1e9, "value": value / 1e9, "text": format_quantity(value, units[roof])}
        for roof, x, y, value in ends
    ]
