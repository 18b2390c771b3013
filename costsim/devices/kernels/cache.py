"""What stays in a cache between the op that writes a tensor and the op that reads it.

A tensor is still there if the bytes touched in between fit (stack distance; Mattson et al. 1970,
"Evaluation techniques for storage hierarchies").

Ignored: associativity, replacement policies other than least recently used, prefetch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.devices.kernels.edges import by_row
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


def miss_ratio(touched_bytes: Array | float, capacity_bytes: Any) -> Array:
    """Share of a tensor gone when it is read again: none up to the capacity, all from twice on.

    Least-recently-used alone would lose all of it at once; set conflicts and reads that start at
    the end last written blur the step.
    """
    return np.clip(touched_bytes / capacity_bytes - 1.0, 0.0, 1.0)


def activation_misses(
    ops: OpTable, weight_bytes: Array, scratch_bytes: Array, capacity_bytes: Any, outside: Array | float = 1.0
) -> tuple[Array, Array]:
    """(share of its inputs an op reads from memory, share of its output that goes out to memory).

    Between a tensor's writing and its reading pass the outputs written, the weights streamed and
    the scratch buffers of the ops in between. An output counts as evicted if any consumer misses it.
    ``outside`` is the share missed of the network's own input and outputs.
    """
    points = np.broadcast_shapes(weight_bytes.shape, scratch_bytes.shape, ops.output_bytes.shape)[1]
    written = ops.networks.running_total(np.broadcast_to(ops.output_bytes, (len(ops), points)))
    passing = ops.networks.running_total(np.broadcast_to(weight_bytes + scratch_bytes, (len(ops), points)))
    reader, producer = ops.edges
    from_input = np.ones((len(ops), 1))
    from_input[reader] = 0.0  # all but the rows that read nothing
    from_input[ops.reads_input] = 1.0
    reader, producer = reader[producer >= 0], producer[producer >= 0]
    size = ops.output_bytes[producer]
    touched = written[reader - 1] - written[producer] + size + passing[reader] - passing[producer]
    misses = miss_ratio(touched, capacity_bytes)

    read = by_row(np.add, size, reader, len(ops))
    missed = by_row(np.add, size * misses, reader, len(ops))
    evicted = by_row(np.maximum, misses, producer, len(ops))
    from_outside = from_input * ops.input_bytes
    total = np.maximum(read + from_outside, 1.0)
    leaves = ops.leaves[:, None]
    return (missed + from_outside * outside) / total, np.where(leaves, np.maximum(outside, evicted), evicted)


def misses_after_a_run(ops: OpTable, weight_bytes: Array, capacity_bytes: Any) -> Array:
    """Share of what every run reads (weights, the input) gone when the network runs right after itself.

    In between pass all weights of the network and everything it writes.
    """
    touched = ops.networks.total(weight_bytes + ops.output_bytes)
    return miss_ratio(touched[ops.networks.of_row], capacity_bytes)
