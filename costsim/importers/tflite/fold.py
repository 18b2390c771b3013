"""Constants computed while reading, so that shape arithmetic leaves no layer behind."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from costsim.importers.tflite.call import Call
from costsim.importers.tflite.flatfile import LARGEST_VALUE
from costsim.importers.writer import Stored


def fold(call: Call) -> list[Stored] | None:
    """What an op makes of constants alone; None where their values are not known or nobody needs them."""
    values = [x.values if isinstance(x, Stored) else None for x in call.inputs if x is not None]
    function = FOLDED.get(call.op.op)
    if function is None or not values or any(v is None for v in values):
        return None
    made = function(call, *values)
    parts = made if isinstance(made, list) else [made]
    return [Stored(np.shape(part), trainable=False, values=np.asarray(part)) for part in parts]


def _strided_slice(call: Call, x: np.ndarray, begins: np.ndarray, ends: np.ndarray, steps: np.ndarray) -> np.ndarray:
    index = python_index(call, begins.tolist(), ends.tolist(), steps.tolist(), x.ndim)
    return x[tuple(index)]


def python_index(
    call: Call, begins: list[int], ends: list[int], steps: list[int], rank: int
) -> list[slice | int | None]:
    """What STRIDED_SLICE takes of a tensor, as Python writes it: its masks say where an end is open, where an axis
    goes or comes, and which place stands for all axes that are not named.
    """
    index: list[slice | int | None] = []
    unnamed = rank - sum(
        not call.get("NewAxisMask") >> i & 1 and not call.get("EllipsisMask") >> i & 1 for i in range(len(begins))
    )
    for i, (begin, end, step) in enumerate(zip(begins, ends, steps, strict=True)):
        if call.get("EllipsisMask") >> i & 1:
            index += [slice(None)] * unnamed
        elif call.get("NewAxisMask") >> i & 1:
            index.append(None)
        elif call.get("ShrinkAxisMask") >> i & 1:
            index.append(begin)
        else:
            first = None if call.get("BeginMask") >> i & 1 else begin
            last = None if call.get("EndMask") >> i & 1 else end
            index.append(slice(first, last, step))
    return index


def _range(call: Call, start: np.ndarray, limit: np.ndarray, delta: np.ndarray) -> np.ndarray:
    if abs(float(limit) - float(start)) > LARGEST_VALUE * abs(float(delta)):
        raise ValueError(f"a range of more than {LARGEST_VALUE} numbers")
    return np.arange(start.item(), limit.item(), delta.item())


def _fill(call: Call, shape: np.ndarray, value: np.ndarray) -> np.ndarray:
    if prod(shape.tolist()) > LARGEST_VALUE:
        raise ValueError(f"a constant of more than {LARGEST_VALUE} numbers")
    return np.full(shape.tolist(), value)


def _cast(call: Call, x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64 if call.output_type.startswith("FLOAT") else np.int64)


FOLDED: dict[str, Callable[..., Any]] = {
    "ADD": lambda call, a, b: a + b,
    "CAST": _cast,
    "CONCATENATION": lambda call, *xs: np.concatenate([np.atleast_1d(x) for x in xs], axis=call.get("Axis")),
    "DIV": lambda call, a, b: a // b if a.dtype.kind == "i" else a / b,
    "EQUAL": lambda call, a, b: a == b,
    "EXPAND_DIMS": lambda call, x, axis: np.expand_dims(x, int(axis.reshape(-1)[0])),
    "FILL": _fill,
    "FLOOR_DIV": lambda call, a, b: a // b,
    "FLOOR_MOD": lambda call, a, b: np.mod(a, b),
    "GATHER": lambda call, x, i: np.take(x, i.astype(np.int64), axis=call.get("Axis")),
    "GREATER": lambda call, a, b: a > b,
    "GREATER_EQUAL": lambda call, a, b: a >= b,
    "LESS": lambda call, a, b: a < b,
    "LESS_EQUAL": lambda call, a, b: a <= b,
    "LOGICAL_AND": lambda call, a, b: np.logical_and(a, b),
    "LOGICAL_NOT": lambda call, a: np.logical_not(a),
    "LOGICAL_OR": lambda call, a, b: np.logical_or(a, b),
    "MAXIMUM": lambda call, a, b: np.maximum(a, b),
    "MINIMUM": lambda call, a, b: np.minimum(a, b),
    "MUL": lambda call, a, b: a * b,
    "NEG": lambda call, x: -x,
    "NOT_EQUAL": lambda call, a, b: a != b,
    "PACK": lambda call, *xs: np.stack(xs, axis=call.get("Axis")),
    "RANGE": _range,
    "REDUCE_PROD": lambda call, x, axes: np.prod(x, axis=tuple(axes.reshape(-1).tolist()) or None),
    "RESHAPE": lambda call, x, shape: x.reshape(shape.tolist()),
    "SELECT_V2": lambda call, c, a, b: np.where(c, a, b),
    "SLICE": lambda call, x, begin, size: x[
        tuple(slice(b, None if s == -1 else b + s) for b, s in zip(begin.tolist(), size.tolist(), strict=True))
    ],
    "SQUEEZE": lambda call, x: np.squeeze(x, tuple(call.vector("SqueezeDims")) or None),
    "STRIDED_SLICE": _strided_slice,
    "SUB": lambda call, a, b: a - b,
    "SUM": lambda call, x, axes: np.sum(x, axis=tuple(axes.reshape(-1).tolist()) or None),
    "TRANSPOSE": lambda call, x, axes: np.transpose(x, axes.tolist()),
    "UNPACK": lambda call, x: [np.take(x, i, axis=call.get("Axis")) for i in range(x.shape[call.get("Axis")])],
}
