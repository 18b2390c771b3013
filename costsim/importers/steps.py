"""What runs of a body over the steps of a sequence have in common: parts of operands, results joined, how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.importers import pieces
from costsim.importers.writer import GraphWriter, Stored, Value

MOST_UNROLLED = 5_000
"""Nodes that the runs of one loop come to, those of loops within it among them; more is no layer that anybody looks at
one by one."""


def check_count(nodes: int, most: int = MOST_UNROLLED) -> None:
    """Refuse a loop whose runs come to more nodes than that."""
    if nodes > most:
        raise InputError("its runs come to too many nodes", mend=f"at most {most:,} nodes are unrolled")


def element(writer: GraphWriter, x: Value, axis: int, index: int) -> Value:
    """One step of an operand, without the axis of steps."""
    if isinstance(x, Tensor):
        return pieces.selected(writer, x, axis, index)
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    return replace(x, shape=shape, values=None if x.values is None else x.values.take(index, axis))


def stacked(writer: GraphWriter, results: Sequence[Value], axis: int) -> Value:
    """The results of all runs along a new axis."""
    known = [x.values for x in results if isinstance(x, Stored) and x.values is not None]
    if isinstance(results[0], Stored) and len(known) == len(results):
        values = np.stack(known, axis)
        return replace(results[0], shape=values.shape, values=values)
    axis = pieces.axis_of(axis, (1, *results[0].shape))
    tensors = [x if isinstance(x, Tensor) else writer.constant(x) for x in results]
    parts = [
        pieces.reshaped(writer, x, (*r.shape[:axis], 1, *r.shape[axis:]), part="step")
        for x, r in zip(tensors, results, strict=True)
    ]
    return pieces.joined(writer, parts, axis)
