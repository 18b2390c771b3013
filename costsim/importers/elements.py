"""Single elements of tensors: read at listed places, written there, joined with what is there, compared in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.graph.layers.base import broadcast
from costsim.importers import pieces
from costsim.importers.writer import GraphWriter, Stored, Value


def picked(writer: GraphWriter, x: Tensor, shape: Sequence[int]) -> Tensor:
    """Single elements of ``x`` by a list of their places, in the given shape."""
    row = pieces.reshaped(writer, x, (1, prod(x.shape)), part="row")
    chosen = writer.add(L.IndexSelect(prod(shape), 1), row)
    return pieces.reshaped(writer, chosen, shape, part="picked")


def replaced(writer: GraphWriter, target: Value, source: Value | None) -> Tensor:
    """A tensor with elements at listed places taken from another: all of it is written anew."""
    onto = target if isinstance(target, Tensor) else writer.constant(target)
    if not isinstance(source, Tensor):  # a number, or constants
        return writer.add(L.IndexSelect(onto.shape[-1], len(onto.shape) - 1), onto)
    rows = [pieces.reshaped(writer, x, (1, prod(x.shape)), part="row") for x in (onto, source)]
    written = writer.add(L.IndexSelect(prod(onto.shape), 1), pieces.joined(writer, rows, 1))
    return pieces.reshaped(writer, written, onto.shape, part="written")


def accumulated(writer: GraphWriter, target: Value, source: Value | None) -> Tensor:
    """A tensor whose elements at listed places are joined with those of another."""
    if not isinstance(source, Tensor):
        return writer.add(L.Add(), target if isinstance(target, Tensor) else writer.constant(target))
    row = pieces.reshaped(writer, source, (1, prod(source.shape)), part="row")
    added = writer.add(L.ScatterAdd(prod(target.shape)), row)
    y = pieces.reshaped(writer, added, target.shape, part="written")
    if isinstance(target, Stored) and not target.trainable:
        return y  # onto zeros
    return writer.add(L.Add(), target if isinstance(target, Tensor) else writer.constant(target), y)


def diagonal(writer: GraphWriter, x: Value, first: int, second: int, offset: int = 0) -> Value:
    """The elements whose indices along two axes are equal, or ``offset`` apart, as a last axis in the place of both."""
    first, second = pieces.axis_of(first, x.shape), pieces.axis_of(second, x.shape)
    kept = [i for i in range(len(x.shape)) if i not in (first, second)]
    rows, columns = x.shape[first], x.shape[second]
    count = min(rows + min(offset, 0), columns - max(offset, 0))
    if count < 1:
        raise InputError(f"the diagonal {offset} of {rows}x{columns} is empty", mend="check the input size")
    outer = tuple(x.shape[i] for i in kept)
    if isinstance(x, Stored):
        return replace(x, shape=(*outer, count), values=None)
    turned = pieces.transposed(writer, x, (*kept, first, second), part="matrices")
    flat = pieces.reshaped(writer, turned, (*outer, rows * columns), part="rows")
    return writer.add(L.IndexSelect(count, len(outer)), flat, part="diagonal")


def distances(writer: GraphWriter, op: str, a: Tensor, b: Tensor) -> Tensor:
    """Of every row of one matrix to every row of another: a difference, a square and a sum an element."""
    shape = (*broadcast(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-2])
    return writer.unknown(op, [a, b], shape, flops=3 * prod(shape) * a.shape[-1])
