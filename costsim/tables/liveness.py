"""When each tensor is needed, and how much memory that takes at once."""

from __future__ import annotations

import numpy as np

from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


def last_use(ops: OpTable) -> np.ndarray:
    """``(ops,)`` row after which nobody reads the row's output; outputs of the network live to the end."""
    end = len(ops) - 1
    return np.array([max(readers, default=end) for readers in ops.consumers])


def live_bytes(ops: OpTable) -> Array:
    """``(ops, points)`` bytes of all activations that exist while each op runs.

    Its inputs and its output, every tensor a later op still reads, and the network's input until
    its last reader. Weights are not activations. Nothing is computed in place.
    """
    rows = len(ops)
    delta = np.zeros((rows + 1, ops.points))
    output_bytes = np.broadcast_to(ops.output_bytes, (rows, ops.points))
    np.add.at(delta, np.arange(rows), output_bytes)
    np.add.at(delta, last_use(ops) + 1, -output_bytes)
    input_readers = [row for row, producers in enumerate(ops.producers) if -1 in producers]
    if input_readers:
        network_input = np.broadcast_to(ops.input_bytes, (rows, ops.points))[input_readers[0]]
        delta[0] += network_input
        delta[input_readers[-1] + 1] -= network_input
    return np.cumsum(delta, axis=0)[:-1]


def independent_parts(ops: OpTable) -> np.ndarray:
    """``(ops,)`` number of the network each row belongs to, where a table holds several one after the other.

    A part ends where no later row reads an earlier one.
    """
    last_reader = np.array([max(readers, default=row) for row, readers in enumerate(ops.consumers)])
    begins = np.arange(1, len(ops)) > np.maximum.accumulate(last_reader)[:-1]
    return np.concatenate([[0], np.cumsum(begins)])
