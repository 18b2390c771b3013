"""The space an experiment runs over: which point has which value on each axis."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, prod
from typing import Literal

import numpy as np

from costsim.sweep.axes import Axis


@dataclass(frozen=True)
class Space:
    """All combinations of the axes, or a sample of them. Point ``i`` is the same in every run."""

    axes: tuple[Axis, ...]
    method: Literal["grid", "random", "latin"] = "grid"
    sample: int | None = None
    seed: int = 0

    @property
    def combinations(self) -> int:
        return prod(len(axis.values) for axis in self.axes)

    @property
    def points(self) -> int:
        """How many points are visited."""
        return self.combinations if self.sample is None else self.sample

    def indices(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """Index into each axis of the points ``start`` to ``stop``: ``(stop - start,)`` each."""
        return self.indices_of(np.arange(start, stop))

    def indices_of(self, points: np.ndarray) -> dict[str, np.ndarray]:
        """Index into each axis of any points: ``(points,)`` each."""
        if self.method == "grid":
            sizes = [len(axis.values) for axis in self.axes]
            return {a.name: i for a, i in zip(self.axes, np.unravel_index(points, sizes), strict=True)} if sizes else {}
        return {axis.name: self._drawn(axis, number, points) for number, axis in enumerate(self.axes)}

    def values_of(self, indices: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The value of each axis at these indices."""
        return {axis.name: axis.take(indices[axis.name]) for axis in self.axes}

    def _drawn(self, axis: Axis, number: int, points: np.ndarray) -> np.ndarray:
        """Values of a sample: uniform, or one per stratum of the sample in a shuffled order (Latin).

        Drawn from the point's own number, so that a chunk needs to know no other chunk.
        """
        if len(axis.values) == 1:
            return np.zeros_like(points)
        values, ratio = len(axis.values), _hash(points, self.seed, number)
        if self.method == "random":
            first, width = np.zeros(len(points), dtype=int), np.full(len(points), values)
        else:
            step, offset = _cycle(self.points, self.seed, number)
            stratum = (points * step + offset) % self.points
            first = stratum * values // self.points
            width = np.maximum((stratum + 1) * values // self.points - first, 1)
        return first + np.minimum((ratio * width).astype(int), width - 1)


def _hash(points: np.ndarray, seed: int, stream: int) -> np.ndarray:
    """Uniform numbers in 0..1 of the point, seed and stream (SplitMix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        golden = np.uint64(0x9E3779B97F4A7C15)
        x = points.astype(np.uint64) * golden + np.uint64((seed * 1_000_003 + stream) % 2**64) * np.uint64(
            0xD1342543DE82EF95
        )
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return (x ^ (x >> np.uint64(31))).astype(np.float64) / 2.0**64


def _cycle(points: int, seed: int, stream: int) -> tuple[int, int]:
    """Step and offset of a walk that visits every stratum once; the step is coprime to their number."""
    random = np.random.default_rng([seed, stream])
    step = next(s for s in random.integers(1, max(points, 2), size=256) if gcd(int(s), points) == 1 or points == 1)
    return int(step), int(random.integers(points))
