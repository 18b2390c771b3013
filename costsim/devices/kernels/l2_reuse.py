"""What a shared last-level cache keeps between the op that writes a tensor and those that read it."""

from __future__ import annotations

import numpy as np

from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


def dram_bytes(ops: OpTable, capacity_bytes: Array) -> Array:
    """Bytes each op moves to and from DRAM when a cache of ``capacity_bytes`` sits in front.

    A tensor is found again with the probability that the cache has not been overwritten::

        distance = bytes of the tensor + bytes all ops in between touch
        hit = min(1, capacity / distance)

    Inputs are read with probability ``1 - hit``; an output is written back with that of its last
    reader, and always when it leaves the network. Weights and the network's input come from DRAM.

    Shapes: ``(ops, points)``; ``capacity_bytes`` a number or ``(points,)``.
    Source: stack distance (Mattson et al. 1970) of whole tensors, one touch each.
    Ignores: associativity, tensors read in pieces, weights kept between runs of a tiny network.
    """
    touched = np.cumsum(ops.compulsory_bytes, axis=0)
    reader = np.array([row for row, producers in enumerate(ops.producers) for _ in producers])
    writer = np.array([p for producers in ops.producers for p in producers])
    inside = writer >= 0
    distance = touched[reader - 1] - touched[writer] + ops.output_bytes[writer]
    miss = np.where(inside[:, None], 1 - np.minimum(1, capacity_bytes / np.maximum(distance, 1)), 1.0)

    weight = np.where(inside[:, None], ops.output_bytes[writer], ops.input_bytes[reader])
    reads = _sum_by(reader, weight * miss, len(ops)) / np.maximum(_sum_by(reader, weight, len(ops)), 1)
    writes = np.zeros_like(reads)
    np.maximum.at(writes, writer[inside], miss[inside])
    writes[[row for row, readers in enumerate(ops.consumers) if not readers]] = 1.0
    return ops.input_bytes * reads + ops.output_bytes * writes + ops.weight_bytes


def _sum_by(row: np.ndarray, values: Array, rows: int) -> Array:
    total = np.zeros((rows, values.shape[1]))
    np.add.at(total, row, values)
    return total
