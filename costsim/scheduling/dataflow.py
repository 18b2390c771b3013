"""Tensors between the rows of an op table, as flat arrays: who writes, who reads, how much, how many lines."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from costsim.tables.optable import MAC, VECTOR, OpTable

Vector = np.ndarray
"""One number per row or per edge."""

WHOLE_INPUT_OPS = frozenset({"linear", "matmul", "reshape", "transpose", "softmax", "layer_norm", "reduce", "unknown"})
"""Ops whose first output line may need the last input line: nothing streams through them."""


@dataclass(frozen=True)
class Dataflow:
    """The graph of one point. Tensor ``t`` is the output of row ``t``, the network's input is -1.

    An edge is one row reading one tensor; edges are in the order of their readers.
    """

    output_bytes: Vector
    """``(rows,)`` of the whole output tensor, channels padded as they lie in memory."""
    leaving_bytes: Vector
    """``(rows,)`` two lines of the output of one image: what is on chip of a map that streams off it."""
    last_use: Vector
    """``(rows,)`` last reader of the output; ``rows`` where it leaves the network."""
    source: Vector
    """``(edges,)`` tensor read."""
    reader: Vector
    """``(edges,)`` row that reads it."""
    previous: Vector
    """``(edges,)`` the reader of the same tensor before this one, or the row that wrote it."""
    read_bytes: Vector
    """``(edges,)`` the part of the tensor the reader needs."""
    repeat_bytes: Vector
    """``(edges,)`` the part of it no earlier reader needed: what is new to a group that had read it before."""
    held_bytes: Vector
    """``(edges,)`` the whole tensor."""
    stripe_bytes: Vector
    """``(edges,)`` the lines under one position of the reader's window."""
    reusable: Vector
    """``(edges,)`` whether the reader may write its output over this tensor, element by element."""
    rolling_bytes: Vector
    """``(edges,)`` the lines kept while the tensor streams: window, step, and the wait for slower operands."""

    @property
    def rows(self) -> int:
        return len(self.output_bytes)

    @classmethod
    def of(cls, ops: OpTable, input_bytes: Vector, output_bytes: Vector, point: int = 0) -> Dataflow:
        """The dataflow of one point of the table; ``(rows,)`` bytes as they lie in memory."""
        rows = len(ops)
        at = {name: column[:, min(point, column.shape[1] - 1)] for name, column in ops.columns().items()}
        window = (at["kernel_h"] - 1) * at["dilation_h"] + 1
        height = np.array([_height(label.output_shape, point) for label in ops.labels])
        pointwise = (at["kind"] == VECTOR) & (window == 1) & (at["kernel_w"] == 1)
        is_mac = (at["kind"] == MAC).tolist()
        step, n, h_in, high, wide, runs_over, taken, made = (
            column.tolist()
            for column in (at["stride_h"], at["n"], at["h_in"], height, window, pointwise, input_bytes, output_bytes)
        )
        network_input = _network_input_bytes(ops, taken, made)
        edges: list[tuple[Any, ...]] = []
        seen_bytes: dict[int, float] = {}
        last_reader: dict[int, int] = {}
        arrival, scale = [0.0] * (rows + 1), [1.0] * (rows + 1)  # entry -1 is the network's input
        for row, producers in enumerate(ops.producers):
            sizes = [made[p] if p >= 0 else network_input for p in producers]
            lead = wide[row] - 1 if wide[row] == step[row] else (wide[row] - 1) / 2
            whole = ops.labels[row].op in WHOLE_INPUT_OPS
            heights = [high[p] if p >= 0 else h_in[row] for p in producers]
            ready = [arrival[p] + (h if whole else lead) * scale[p] for p, h in zip(producers, heights, strict=True)]
            arrival[row] = max(ready, default=0.0)
            if producers:
                scale[row] = scale[producers[0]] * max(h_in[row] / max(high[row], 1.0), 1e-9)
            all_bytes = max(sum(sizes), 1.0)
            for place, (p, size, h, time) in enumerate(zip(producers, sizes, heights, ready, strict=True)):
                read = min(size, taken[row] * size / all_bytes)
                seen = seen_bytes.get(p, 0.0)
                line = size / max(n[row] * h, 1.0)
                waiting = ceil((arrival[row] - time) / scale[p])
                rolling = h if whole else min(h, wide[row] + step[row] + waiting)
                stripe = h if whole else min(h, wide[row])
                same_place = (runs_over[row] and not whole) or (is_mac[row] and place > 0)
                reusable = same_place and size == made[row]
                edges.append(
                    (p, row, last_reader.get(p, p), read, min(read, max(size - seen, 0.0)), size,
                     stripe * line, reusable, rolling * line)
                )  # fmt: skip
                seen_bytes[p] = seen + read
                last_reader[p] = row
        columns = [np.array(column) for column in zip(*edges, strict=True)]
        last_use = np.array([max(readers, default=rows) for readers in ops.consumers])
        leaving_bytes = np.minimum(2 / np.maximum(at["n"] * height, 1.0), 1.0) * output_bytes
        return cls(output_bytes, leaving_bytes, last_use, *columns)


def _network_input_bytes(ops: OpTable, input_bytes: list[float], output_bytes: list[float]) -> float:
    """The most any row reads beside the outputs of other rows."""
    readers = [(row, producers) for row, producers in enumerate(ops.producers) if -1 in producers]
    beside = (input_bytes[row] - sum(output_bytes[p] for p in producers if p >= 0) for row, producers in readers)
    return max(beside, default=0.0)


def _height(shape: tuple[Any, ...], point: int) -> float:
    """Lines of an output; a vector is one line."""
    if len(shape) != 4:
        return 1.0
    height = shape[2]
    return float(np.ravel(height)[min(point, np.size(height) - 1)] if isinstance(height, np.ndarray) else height)
