"""Sizes that pnnx writes as expressions: ``*(0w,2),-1`` is twice the width of the first blob, and the rest.

Operators stand in front of their operands, so the terms are read from the last to the first.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence

from costsim.errors import InputError
from costsim.graph import Tensor

ONE: dict[str, Callable[[float], float]] = {
    "abs": abs, "ceil": math.ceil, "exp": math.exp, "floor": math.floor, "log": math.log, "log10": math.log10,
    "neg": operator.neg, "reciprocal": lambda a: 1 / a, "round": round, "rsqrt": lambda a: 1 / math.sqrt(a),
    "sign": lambda a: (a > 0) - (a < 0), "sqrt": math.sqrt, "square": lambda a: a * a, "trunc": math.trunc,
}  # fmt: skip
"""Operators of one operand, those that make sizes (ncnn's expression.cpp)."""

TWO: dict[str, Callable[[float, float], float]] = {
    "*": operator.mul, "+": operator.add, "-": operator.sub, "/": operator.truediv, "//": operator.floordiv,
    "fmod": math.fmod, "max": max, "min": min, "pow": operator.pow, "remainder": operator.mod,
}  # fmt: skip
"""Operators of two operands."""

_SIZE = re.compile(r"(\d)([whdcn])")
_NAMES = {1: "w", 2: "hw", 3: "chw", 4: "cdhw"}
"""What the axes of a blob are called, the outermost first."""


def evaluated(expression: str, blobs: Sequence[Tensor]) -> tuple[int, ...]:
    """The numbers of a list of expressions, in its order.

    Raises:
        InputError: a term is none, or an operator lacks an operand.
    """
    values: list[float] = []
    try:
        for term in reversed([term for term in re.split(r"[(),]", expression) if term]):
            values.append(_value(term, values, blobs))
        return tuple(math.trunc(value) for value in reversed(values))
    except (ValueError, LookupError, ArithmeticError) as error:
        raise InputError(
            f"the size '{expression}' makes no sense: {error}", mend="export it with fixed sizes"
        ) from None


def _value(term: str, values: list[float], blobs: Sequence[Tensor]) -> float:
    if match := _SIZE.fullmatch(term):
        dims = blobs[int(match[1])].shape[1:]
        return dims[_NAMES[len(dims)].index(match[2])] if match[2] in _NAMES[len(dims)] else 1
    if term in ONE:
        return ONE[term](values.pop())
    if term in TWO:
        first, second = values.pop(), values.pop()
        return TWO[term](first, second)
    return float(term) if "." in term else int(term)
