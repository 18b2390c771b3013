"""The arithmetic of shapes that exporters write, computed by NumPy at once.

Onnx's reference evaluator takes any op, and about two milliseconds a node and a tenth of a second to load; a file
has hundreds of nodes, and nearly all of them are one of these. What is not covered here is left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[Any]
Attributes: TypeAlias = Mapping[str, Any]

LARGEST_VALUE = 4096
"""Elements of a constant whose values are still read and computed; larger ones are known by shape."""

PLAIN = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 11: np.float64}
"""Element types of onnx.proto that NumPy casts as ONNX does."""


def directly(op: str, attributes: Attributes, inputs: Sequence[Values | None]) -> Values | None:
    """What a node of ONNX's own domain makes of constants; None where it is to be evaluated otherwise.

    Args:
        op: the op's name.
        attributes: by name, in Python's words.
        inputs: arrays, None for those left out.
    """
    rule = RULES.get(op)
    if rule is None or not inputs or any(x is None or x.dtype.kind not in "fib" for x in inputs):
        return None
    try:
        with np.errstate(all="ignore"):
            made = rule(attributes, *inputs)
    except (ValueError, IndexError, TypeError, KeyError, OverflowError):  # left to the evaluator, which says why
        return None
    return None if made is None else np.asarray(made)


def _axes(attributes: Attributes, given: Values | None) -> tuple[int, ...] | None:
    axes = attributes.get("axes") if given is None else given.ravel().tolist()
    return None if axes is None else tuple(int(axis) for axis in axes)


def _unsqueeze(attributes: Attributes, data: Values, given: Values | None = None) -> Values | None:
    axes = _axes(attributes, given)
    return None if axes is None else np.expand_dims(data, axes)


def _squeeze(attributes: Attributes, data: Values, given: Values | None = None) -> Values:
    return np.squeeze(data, axis=_axes(attributes, given))


def _concat(attributes: Attributes, *parts: Values) -> Values | None:
    same = len({part.dtype for part in parts}) == 1
    return np.concatenate(parts, axis=int(attributes["axis"])) if same else None


def _gather(attributes: Attributes, data: Values, indices: Values) -> Values | None:
    return np.take(data, indices, axis=int(attributes.get("axis", 0))) if indices.dtype.kind == "i" else None


def _cast(attributes: Attributes, data: Values) -> Values | None:
    to = PLAIN.get(int(attributes["to"]))
    safe = data.dtype.kind != "f" or bool(np.isfinite(data).all())
    return data.astype(to) if to is not None and safe else None


def _arithmetic(ufunc: Callable[[Values, Values], Values]) -> Callable[..., Values | None]:
    def rule(attributes: Attributes, a: Values, b: Values) -> Values | None:
        return ufunc(a, b) if not attributes and a.dtype == b.dtype and a.dtype.kind in "fi" else None

    return rule


def _divide(attributes: Attributes, a: Values, b: Values) -> Values | None:
    whole = a.dtype == b.dtype and a.dtype.kind == "i" and bool((a >= 0).all() and (b > 0).all())
    return a // b if whole else None  # of other signs, and of fractions, there is more to say


RULES: dict[str, Callable[..., Values | None]] = {
    "Add": _arithmetic(np.add),
    "Cast": _cast,
    "Concat": _concat,
    "Div": _divide,
    "Gather": _gather,
    "Mul": _arithmetic(np.multiply),
    "Squeeze": _squeeze,
    "Sub": _arithmetic(np.subtract),
    "Unsqueeze": _unsqueeze,
}


def filled(attributes: Attributes, shape: Values, largest: int) -> tuple[tuple[int, ...], int, Values | None] | None:
    """Shape and element type of a ConstantOfShape, with its values if they are not more than ``largest``.

    ``value`` among the attributes is an array of one element. None where there is no such tensor.
    """
    value = np.asarray(attributes.get("value", np.zeros(1, np.float32)))
    dims = tuple(int(d) for d in shape.ravel())
    elem_type = next((number for number, dtype in PLAIN.items() if value.dtype == dtype), None)
    if shape.dtype != np.int64 or shape.ndim != 1 or min(dims, default=0) < 0 or value.size != 1 or elem_type is None:
        return None
    elements = int(np.prod(dims, dtype=object)) if dims else 1
    return dims, elem_type, np.full(dims, value.ravel()[0]) if elements <= largest else None
