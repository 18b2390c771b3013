"""The roofline (Williams, Waterman, Patterson, CACM 52(4), 2009): every op against the roofs of its device.

An op's point is its arithmetic per byte moved at one memory level against the speed it is
predicted to reach. The roofs are read off the cost table, so every family of devices has them:

    bandwidth of a level = the fastest that any op moves bytes there by the level's own ceiling
    arithmetic roof      = the fastest that any op computes if neither memory nor overhead cost anything

An op without arithmetic (a copy) has no place on the axes. It is put on the left edge, at the
height that the bandwidth it reaches would give there: below the slope by what it leaves unused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from costsim.tables.optable import MAC, MOVE

if TYPE_CHECKING:
    from costsim.analysis import Analysis

Record = dict[str, Any]

MARGIN_RATIO = 2.0
"""Room left and right of the outermost op."""


def roofline(analysis: Analysis) -> tuple[list[Record], list[Record]]:
    """(points, roofs): one point per op and memory level, and the corners of each level's roofs."""
    ops, costs = analysis.simulation.ops, analysis.simulation.costs
    flops, latency_s = ops.flops[:, 0], costs.latency_s[:, 0]
    kind = np.select([ops.kind[:, 0] == MAC, ops.kind[:, 0] == MOVE], ["macs", "copy"], "vector")
    peak = _arithmetic_roof(analysis)
    points: list[Record] = []
    roofs: list[Record] = []
    for level, traffic in costs.traffic.items():
        moved = np.broadcast_to(traffic, costs.latency_s.shape)[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            intensity = np.where((flops > 0) & (moved > 0), flops / moved, np.nan)
            speed = np.where(latency_s > 0, flops / latency_s, 0.0)
            bandwidth = np.where(latency_s > 0, moved / latency_s, 0.0)
        left, right = _edges(intensity)
        for row in range(len(ops)):
            if flops[row] > 0:
                x, y = (intensity[row] if moved[row] > 0 else right), speed[row]
            else:
                x, y = left, bandwidth[row] * left
            if y > 0:
                reached = {"gflops_per_s": speed[row] / 1e9, "gbytes_per_s": bandwidth[row] / 1e9}
                points.append({"row": row, "level": level, "x": float(x), "y": float(y) / 1e9, "kind": str(kind[row])}
                              | {name: float(value) for name, value in reached.items()})  # fmt: skip
        roofs += [{"level": level} | corner for corner in _corners(_bandwidth(analysis, level), peak, left, right)]
    return points, roofs


def _edges(intensity: np.ndarray) -> tuple[float, float]:
    finite = intensity[np.isfinite(intensity)]
    if not len(finite):
        return 0.1, 100.0
    return float(finite.min() / MARGIN_RATIO), float(finite.max() * MARGIN_RATIO)


def _arithmetic_roof(analysis: Analysis) -> float:
    """FLOP/s; 0 where no op multiplies."""
    ops, costs = analysis.simulation.ops, analysis.simulation.costs
    arithmetic = [c for name, c in costs.ceilings.items() if name not in costs.traffic]
    if not arithmetic:
        return 0.0
    seconds = np.max(np.stack(np.broadcast_arrays(*arithmetic)), axis=0)[:, 0]
    rows = (ops.kind[:, 0] == MAC) & (seconds > 0)
    return float(np.max(ops.flops[rows, 0] / seconds[rows], initial=0.0))


def _bandwidth(analysis: Analysis, level: str) -> float:
    """Bytes a second; 0 where the level is no ceiling of its own."""
    costs = analysis.simulation.costs
    if level not in costs.ceilings:
        return 0.0
    seconds, moved = (
        np.broadcast_to(a, costs.latency_s.shape)[:, 0] for a in (costs.ceilings[level], costs.traffic[level])
    )
    rows = seconds > 0
    return float(np.max(moved[rows] / seconds[rows], initial=0.0))


def _corners(bandwidth: float, peak: float, left: float, right: float) -> list[Record]:
    """Ends of the slope and of the flat roof; whichever of the two the device has."""
    knee = min(max(peak / bandwidth, left), right) if bandwidth and peak else right if bandwidth else left
    slope = [(left, left * bandwidth), (knee, knee * bandwidth)] if bandwidth and knee > left else []
    flat = [(knee, peak), (right, peak)] if peak and knee < right else []
    return [{"roof": "bandwidth", "x": x, "y": y / 1e9, "value": bandwidth / 1e9} for x, y in slope] + [
        {"roof": "arithmetic", "x": x, "y": y / 1e9, "value": peak / 1e9} for x, y in flat
    ]
