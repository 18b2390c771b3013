"""ncnn's products: matrices, attention, recurrence, tables of words.

Parameter keys are those of ncnn's layer sources; the comment beside each names it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from string import ascii_letters
from typing import TypeAlias

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.graph.layers.recurrent import GATES
from costsim.importers.attention import attention, merge_heads, split_heads
from costsim.importers.einsum import einsum as contracted
from costsim.importers.ncnn.compute import check_weights
from costsim.importers.ncnn.param_file import ParamLayer
from costsim.importers.pieces import arithmetic, joined, reshaped, sliced, transposed
from costsim.importers.writer import GraphWriter, Stored

Handler: TypeAlias = Callable[..., list[Tensor]]

BIASES = {"lstm": 4, "gru": 4, "rnn": 1}
"""Rows of biases a hidden unit has: ncnn stores those of input and state as one, but for the GRU's new state."""


def gemm(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> Tensor:
    """Matrix product, perhaps with a sum; a stored right-hand matrix makes it a fully connected layer."""
    given = list(inputs)
    m, n, inner = (layer.integer(key) for key in (7, 8, 9))  # constantM, constantN, constantK
    a = None if layer.integer(4) else _matrix(writer, given.pop(0), bool(layer.integer(2)))
    b = None if layer.integer(5) else _matrix(writer, given.pop(0), bool(layer.integer(3)))
    kind = layer.integer(10) if layer.integer(6) else -1  # constant_broadcast_type_C; -1 is none
    if b is not None:
        left = writer.constant(Stored((m, inner))) if a is None else a
        y = writer.add(L.MatMul(), left, b)
    else:
        a = writer.constant(Stored((1, m, inner))) if a is None else a
        if a.shape[-1] != inner:
            raise InputError(f"its matrix has {inner} rows for {a.shape[-1]} values", mend="check the input size")
        y = writer.add(L.Linear(n, bias=kind == COLUMNS), a)
        kind = -1 if kind == COLUMNS else kind
    if kind >= 0:
        rows, columns = y.shape[-2:]
        y = writer.add(L.Add(const_elems=(1, rows, rows, rows * columns, columns)[kind]), y, part="sum")
    elif given and not layer.integer(6):
        y = arithmetic(writer, "add", [y, given[0]])
    return _matrix(writer, y, bool(layer.integer(14)))  # output_transpose


COLUMNS = 4
"""The kind of sum that has an element for every column."""


def matmul(writer: GraphWriter, layer: ParamLayer, a: Tensor, b: Tensor) -> Tensor:
    """A matrix product of every image; a vector is a row on the left and a column on the right."""
    row, column = len(a.shape) == 2, len(b.shape) == 2
    left = reshaped(writer, a, (a.shape[0], 1, a.shape[1]), part="row") if row else a
    right = reshaped(writer, b, (*b.shape, 1), part="column") if column else b
    y = writer.add(L.MatMul(), left, _matrix(writer, right, bool(layer.integer(0)) and not column))
    rows, columns = y.shape[-2:]
    kept = [*y.shape[:-2], *([] if row else [rows]), *([] if column else [columns])]
    return reshaped(writer, y, kept if len(kept) > 1 else (*kept, 1), part="product")


def multi_head_attention(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> list[Tensor]:
    """Query, key and value projections, scaled products of each head, and the output projection."""
    width, heads = layer.integer(0), layer.integer(1)
    outer = layer.integer(2) // width if width else 0  # the query's features, which the result has again
    inputs, cached = _without_cache(writer, layer, inputs)
    if heads < 1 or width % heads:
        raise InputError(f"{width} features are not divisible by {heads} heads", mend="check the file")
    tensors = inputs[:-1] if layer.integer(5) else inputs  # key 5: the last input is a mask
    q, k, v = (*tensors, *[tensors[-1]] * 2)[:3]  # of two the second is key and value
    mask = [_for_all_heads(writer, inputs[-1])] if layer.integer(5) else []

    def project(x: Tensor, part: str) -> Tensor:
        return split_heads(writer, writer.add(L.Linear(width), x, part=part), heads, part)

    q, k, v = project(q, "q"), project(k, "k"), project(v, "v")
    k, v = _joined_with(writer, cached, k, v)
    y = merge_heads(writer, attention(writer, q, k, v, *mask))
    return _with_cache(layer, writer.add(L.Linear(outer or width), y), k, v)


def sdpa(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> list[Tensor]:
    """softmax(q k^T) v of every head; key 5 says whether a mask is added, key 7 whether keys and values are kept."""
    inputs, cached = _without_cache(writer, layer, inputs)
    q, k, v = inputs[:3]
    k, v = _joined_with(writer, cached, k, v)
    mask = _for_all_heads(writer, inputs[3]) if layer.integer(5) else None
    return _with_cache(layer, attention(writer, q, k, v, mask), k, v)


def _for_all_heads(writer: GraphWriter, mask: Tensor) -> Tensor:
    """A mask (rows, columns) of every image, with an axis of one where the scores have their heads."""
    return reshaped(writer, mask, (mask.shape[0], 1, *mask.shape[1:]), part="mask") if len(mask.shape) == 3 else mask


def _without_cache(
    writer: GraphWriter, layer: ParamLayer, inputs: tuple[Tensor, ...]
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The operands, and the keys and values of the steps before where they are kept: the last two inputs."""
    return (inputs[:-2], inputs[-2:]) if layer.integer(7) else (inputs, ())


def _joined_with(writer: GraphWriter, cached: tuple[Tensor, ...], k: Tensor, v: Tensor) -> list[Tensor]:
    rows = len(k.shape) - 2
    return [joined(writer, [old, new], rows) for old, new in zip(cached, (k, v), strict=True)] if cached else [k, v]


def _with_cache(layer: ParamLayer, y: Tensor, k: Tensor, v: Tensor) -> list[Tensor]:
    return [y, k, v][: len(layer.outputs)]


def recurrent(cell: str) -> Handler:
    """LSTM, GRU or RNN over rows of features: the states of every row, then the last ones where they are read."""

    def read(writer: GraphWriter, layer: ParamLayer, x: Tensor, *first: Tensor) -> list[Tensor]:
        outputs, both = layer.integer(0), layer.integer(2) == 2
        hidden = layer.integer(3, outputs) if cell == "lstm" else outputs
        projection = outputs if hidden != outputs else 0
        kind = L.Recurrent(hidden, cell, both, bias=False, projection=projection)
        check_weights(layer, kind.directions * GATES[cell] * hidden * x.shape[-1], layer.integer(1))
        stored = kind.params(x.shape) + kind.directions * BIASES[cell] * hidden
        y = writer.add(replace(kind, bias=True, learned=stored), x)
        states = [y]
        for width in (outputs, hidden)[: len(layer.outputs) - 1]:
            last = sliced(writer, y, 1, y.shape[1] - 1, None)
            last = reshaped(writer, last, (x.shape[0], kind.directions, outputs), part="state")
            wide = last if width == outputs else writer.add(L.IndexSelect(width, 2), last, part="cells")
            states.append(wide)
        return states

    return read


def embedding(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Rows of a table, one for every word."""
    width, words = layer.integer(0), prod(x.shape)
    check_weights(layer, width * layer.integer(1), layer.integer(3))
    table = writer.constant(Stored((layer.integer(1), width)))
    rows = reshaped(writer, writer.add(L.IndexSelect(words, 0), table), (*x.shape, width), part="rows")
    return writer.add(L.Add(const_elems=width), rows, part="bias") if layer.integer(2) else rows


def einsum(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> Tensor:
    """An equation, stored letter by letter; the batch in front of every blob here is a letter of its own."""
    equation = "".join(map(chr, layer.integers(0))).replace(" ", "")
    left, arrow, right = equation.partition("->")
    batch = next(letter for letter in reversed(ascii_letters) if letter not in equation)
    terms = ",".join(batch + term for term in left.split(","))
    return contracted(writer, f"{terms}->{batch}{right}" if arrow else terms, inputs)


def _matrix(writer: GraphWriter, x: Tensor, transpose: bool) -> Tensor:
    rank = len(x.shape)
    axes = (*range(rank - 2), rank - 1, rank - 2) if transpose else tuple(range(rank))
    return transposed(writer, x, axes, part="transposed")
