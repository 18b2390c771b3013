"""Ops that read or write at listed places: rows of tables, single elements, parts of a cache."""

from __future__ import annotations

from math import prod

from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import elements, pieces
from costsim.importers.tflite.call import Call
from costsim.importers.writer import Stored


def gather(call: Call) -> Tensor:
    """Rows of a tensor or of a stored table by their index; an index the file holds is a slice."""
    indices = call.value(1)
    data = call.in_file_order()
    axis, batch = pieces.axis_of(call.get("Axis"), data.shape), call.get("BatchDims")
    if batch:  # rows of their own for every index of the first axes
        shape = (*data.shape[:axis], *call.file_shape(1)[batch:], *data.shape[axis + 1 :])
        return call.shaped(elements.picked(call.writer, data, shape), shape)
    if isinstance(indices, Stored) and indices.values is not None and not indices.shape:
        return call.result(pieces.selected(call.writer, data, axis, int(indices.values)))
    y = call.writer.add(L.IndexSelect(max(prod(indices.shape), 1), axis), data)
    return call.shaped(y, (*data.shape[:axis], *call.file_shape(1), *data.shape[axis + 1 :]))


def embedding_lookup(call: Call) -> Tensor:
    """Inputs are (indices, stored table)."""
    rows, table = call.value(0), call.writer.constant(call.stored(1))
    y = call.writer.add(L.IndexSelect(max(prod(rows.shape), 1), 0), table)
    return call.shaped(y, (*rows.shape, *table.shape[1:]))


def gather_nd(call: Call) -> Tensor:
    """Slices at the positions that input 1 lists."""
    data, indices = call.in_file_order(), call.value(1)
    depth = indices.shape[-1]
    count = max(prod(indices.shape[:-1]), 1)
    rest = data.shape[depth:]
    rows = pieces.reshaped(call.writer, data, (prod(data.shape[:depth]), *(rest or (1,))), part="rows")
    picked = call.writer.add(L.IndexSelect(count, 0), rows)
    return call.shaped(picked, (*indices.shape[:-1], *rest) or (1,))


def one_hot(call: Call) -> Tensor:
    """Every index compared with every class."""
    x, (classes,) = call.in_file_order(), call.ints(1)
    axis = pieces.axis_of(call.get("Axis"), (*x.shape, classes))
    column = pieces.reshaped(call.writer, x, (*x.shape[:axis], 1, *x.shape[axis:]), part="column")
    in_order = Stored((classes, *(1,) * (len(x.shape) - axis)), trainable=False)
    return call.result(pieces.arithmetic(call.writer, "compare", [column, in_order]))


def scatter_nd(call: Call) -> Tensor:
    """Updates added into zeros at listed places."""
    zeros = Stored(tuple(call.ints(2)), trainable=False)
    return call.result(elements.accumulated(call.writer, zeros, call.in_file_order(1)))


def update_slice(call: Call) -> Tensor:
    """A part of a tensor written over, all of which is handed on."""
    return call.result(elements.replaced(call.writer, call.in_file_order(), call.in_file_order(1)))


def reverse_sequence(call: Call) -> Tensor:
    x, axis = call.tensor(), call.axis(call.get("SeqDim"))
    return call.writer.add(L.IndexSelect(x.shape[axis], axis), x)
