"""Tensors between the rows of an op table, as flat arrays: who writes, who reads, how much, how many lines."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from costsim.tables.optable import MAC, VECTOR, OpTable

Vector = np.ndarray
"""One number per row or per edge."""


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
    lead_ratio: Vector
    """``(edges,)`` the part of the tensor that must be there before the reader's first output line."""

    @property
    def rows(self) -> int:
        return len(self.output_bytes)

    @classmethod
    def of(cls, ops: OpTable, input_bytes: Vector, output_bytes: Vector) -> Dataflow:
        """The dataflow of a table of one network and point; ``(rows,)`` bytes as they lie in memory."""
        rows = len(ops)
        at = {name: column[:, 0] for name, column in ops.columns().items()}
        window = (at["kernel_h"] - 1) * at["dilation_h"] + 1
        lines = np.array([_lines(label.output_shape) for label in ops.labels])
        reader, source = ops.edges
        inside, first_edge = source >= 0, np.searchsorted(reader, reader)
        network_input = _network_input_bytes(source, reader, input_bytes, output_bytes)
        held = np.where(inside, output_bytes[source], network_input)
        held_lines = np.where(inside, lines[source], at["h_in"][reader])
        read = np.minimum(held, (input_bytes / np.maximum(np.bincount(reader, held, rows), 1.0))[reader] * held)
        previous, seen = _earlier_readers(source, reader, read)
        whole = ops.by_word(lambda word: word.whole_input)[reader, 0] > 0
        line_bytes = held / np.maximum(at["n"][reader] * held_lines, 1.0)
        lead = np.where(window == at["stride_h"], window - 1, (window - 1) / 2)[reader]
        main_lines = np.ones(rows)
        main_lines[reader[::-1]] = held_lines[::-1]  # of the first operand
        shrinks = main_lines / np.maximum(lines, 1.0)
        waits = _waits(ops.producers, np.where(whole, held_lines, lead), shrinks)
        rolling = np.minimum(held_lines, (window + at["stride_h"])[reader] + waits)
        pointwise = ((at["kind"] == VECTOR) & (window == 1) & (at["kernel_w"] == 1))[reader] & ~whole
        is_addend = (at["kind"] == MAC)[reader] & (np.arange(len(source)) > first_edge)
        return cls(
            output_bytes=output_bytes,
            leaving_bytes=np.minimum(2 / np.maximum(at["n"] * lines, 1.0), 1.0) * output_bytes,
            last_use=np.where(ops.leaves, rows, ops.last_reader),
            source=source,
            reader=reader,
            previous=previous,
            read_bytes=read,
            repeat_bytes=np.minimum(read, np.maximum(held - seen, 0.0)),
            held_bytes=held,
            stripe_bytes=np.where(whole, held_lines, np.minimum(held_lines, window[reader])) * line_bytes,
            reusable=(pointwise | is_addend) & (held == output_bytes[reader]),
            rolling_bytes=np.where(whole, held_lines, rolling) * line_bytes,
            lead_ratio=np.where(whole, 1.0, np.minimum((lead + 1) / np.maximum(held_lines, 1.0), 1.0)),
        )


def _network_input_bytes(source: Vector, reader: Vector, input_bytes: Vector, output_bytes: Vector) -> float:
    """The most any row reads beside the outputs of other rows."""
    inside = source >= 0
    beside = input_bytes - np.bincount(reader[inside], output_bytes[source[inside]], len(input_bytes))
    return float(np.max(beside[reader[~inside]], initial=0.0))


def _earlier_readers(source: Vector, reader: Vector, read: Vector) -> tuple[Vector, Vector]:
    """Per edge: the reader of the tensor before this one or its writer, and the bytes all earlier ones read."""
    previous, seen = source.copy(), np.zeros(len(source))
    last: dict[int, tuple[int, float]] = {}
    for edge, (tensor, row, size) in enumerate(zip(source.tolist(), reader.tolist(), read.tolist(), strict=True)):
        if tensor in last:
            previous[edge], seen[edge] = last[tensor]
        last[tensor] = row, float(seen[edge]) + size
    return previous, seen


def _waits(producers: tuple[tuple[int, ...], ...], lead: Vector, shrinks: Vector) -> Vector:
    """Per edge: lines of the operand that arrive before the reader's slowest operand has what it needs.

    Args:
        producers: tensors each row reads.
        lead: ``(edges,)`` lines beyond its own that an output line needs.
        shrinks: ``(rows,)`` lines of the main operand to a line of the output.
    """
    arrival, scale = [0.0] * (len(producers) + 1), [1.0] * (len(producers) + 1)  # entry -1: the network's input
    waits: list[float] = []
    leads, ratios = iter(lead.tolist()), shrinks.tolist()
    for row, tensors in enumerate(producers):
        ready = [arrival[tensor] + next(leads) * scale[tensor] for tensor in tensors]
        arrival[row] = max(ready, default=0.0)
        if tensors:
            scale[row] = scale[tensors[0]] * ratios[row]
        waits += [ceil((arrival[row] - time) / scale[tensor]) for tensor, time in zip(tensors, ready, strict=True)]
    return np.array(waits, dtype=np.float64)


def _lines(shape: tuple[Any, ...]) -> float:
    """Lines of an output; a vector is one line."""
    if len(shape) != 4:
        return 1.0
    return float(shape[2]) if isinstance(shape[2], (int, float)) else float(np.ravel(shape[2])[0])
