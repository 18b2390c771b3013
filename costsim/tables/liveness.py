"""When each tensor is needed, and how much memory that takes at once."""

from __future__ import annotations

import numpy as np

from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


def last_use(ops: OpTable) -> np.ndarray:
    """``(ops,)`` row after which nobody reads the row's output; outputs of the network live to the end."""
    return np.where(ops.leaves, ops.networks.ends[ops.networks.of_row], ops.last_reader)


def live_bytes(ops: OpTable) -> Array:
    """``(ops, points)`` bytes of all activations that exist while each op runs.

    Its inputs and its output, every tensor a later op still reads, and the network's input until
    its last reader. Weights are not activations. Nothing is computed in place.
    """
    networks, shape = ops.networks, (len(ops), ops.points)
    change = np.zeros((len(ops) + len(networks), ops.points))  # one more row a network: what dies with its last op
    row = np.arange(len(ops)) + networks.of_row
    output_bytes = np.broadcast_to(ops.output_bytes, shape)
    change[row] += output_bytes
    np.add.at(change, row[last_use(ops)] + 1, -output_bytes)
    readers = np.flatnonzero(ops.reads_input)
    if len(readers):
        network, first = np.unique(networks.of_row[readers], return_index=True)
        last = np.append(first[1:], len(readers)) - 1
        network_input = np.broadcast_to(ops.input_bytes, shape)[readers[first]]
        change[row[networks.starts[network]]] += network_input
        change[row[readers[last]] + 1] -= network_input
    with_ends = type(networks)(networks.starts + np.arange(len(networks)), len(change))
    return with_ends.running_total(change)[row]


def independent_parts(ops: OpTable) -> np.ndarray:
    """``(ops,)`` number of the part of the table each row belongs to.

    A part ends where no later row reads an earlier one: with a network, or between networks that
    nothing connects.
    """
    last_reader = np.maximum(ops.last_reader, np.arange(len(ops)))
    begins = np.arange(1, len(ops)) > np.maximum.accumulate(last_reader)[:-1]
    return np.concatenate([[0], np.cumsum(begins)])
