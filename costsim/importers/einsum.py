"""Einsum as the transposes, reshapes and matrix products it runs as.

Operands are contracted from left to right. Letters of two operands that stay are groups of products, letters that
vanish are the inner dimension, the others are rows and columns; without an inner dimension it is a multiplication.
A letter that one operand has twice takes its diagonal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from string import ascii_letters

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import elements, pieces
from costsim.importers.writer import GraphWriter, Stored, Value


def einsum(writer: GraphWriter, equation: str, operands: Sequence[Value]) -> Tensor:
    """The result of an equation such as ``bhid,bhjd->bhij``; an ellipsis stands for leading dimensions.

    Raises:
        InputError: the equation does not fit its operands.
    """
    terms, output = _terms(equation, operands)
    plain = [_diagonals(writer, x, term) for x, term in zip(operands, terms, strict=True)]
    operands, terms = [x for x, _ in plain], [term for _, term in plain]
    value, term = operands[0], terms[0]
    for i in range(1, len(operands)):
        kept = set(output).union(*terms[i + 1 :])
        value, term = _pair(writer, value, term, operands[i], terms[i], kept)
    x = value if isinstance(value, Tensor) else writer.constant(value)
    x, term = _summed(writer, x, term, set(output))
    return _turned(writer, x, term, output)


def _terms(equation: str, operands: Sequence[Value]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, ellipses spelt out."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    written = left.split(",")
    free = [letter for letter in reversed(ascii_letters) if letter not in equation]
    hidden = max((len(x.shape) - len(t) + 3 for t, x in zip(written, operands, strict=False) if "..." in t), default=0)
    dots = "".join(free[: max(hidden, 0)])
    terms = []
    for term, x in zip(written, operands, strict=False):
        gone = len(x.shape) - len(term.replace("...", ""))
        terms.append(term.replace("...", dots[len(dots) - gone :] if gone > 0 else ""))
    counted = "".join(terms)
    implied = dots + "".join(sorted(c for c in set(counted) if counted.count(c) == 1 and c not in dots))
    output = right.replace("...", dots) if arrow else implied
    fits = len(written) == len(operands) and all(len(t) == len(x.shape) for t, x in zip(terms, operands, strict=True))
    if not fits or not set(output) <= set(counted) or len(set(output)) != len(output):
        shapes = ", ".join(str(x.shape) for x in operands)
        raise InputError(f"the equation '{equation}' for {shapes}", mend="check it, or export it again")
    return terms, output


def _diagonals(writer: GraphWriter, x: Value, term: str) -> tuple[Value, str]:
    """An operand without repeated letters: each pair of axes of one letter becomes their diagonal, the last axis."""
    while repeated := next((c for c in term if term.count(c) > 1), ""):
        first = term.index(repeated)
        second = term.index(repeated, first + 1)
        if x.shape[first] != x.shape[second]:
            raise InputError(f"'{repeated}' of {term} has two sizes in {x.shape}", mend="check the input size")
        x = elements.diagonal(writer, x, first, second)
        term = "".join(c for i, c in enumerate(term) if i not in (first, second)) + repeated
    return x, term


def _pair(writer: GraphWriter, a: Value, a_term: str, b: Value, b_term: str, kept: set[str]) -> tuple[Tensor, str]:
    if isinstance(a, Stored) and isinstance(b, Tensor):
        a, a_term, b, b_term = b, b_term, a, a_term
    a, a_term = _not_broadcast(writer, a, a_term, b, b_term)
    b, b_term = _not_broadcast(writer, b, b_term, a, a_term)
    if isinstance(a, Stored):
        a = writer.constant(a)
    a, a_term = _summed(writer, a, a_term, kept | set(b_term))
    if isinstance(b, Stored) and not set(b_term) <= kept | set(a_term):
        b = writer.constant(b)
    if isinstance(b, Tensor):
        b, b_term = _summed(writer, b, b_term, kept | set(a_term))
    size = dict(zip(a_term + b_term, (*a.shape, *b.shape), strict=True))
    groups = [c for c in a_term if c in b_term and c in kept]
    inner = [c for c in a_term if c in b_term and c not in kept]
    rows, columns = [c for c in a_term if c not in b_term], [c for c in b_term if c not in a_term]
    if any(a.shape[a_term.index(c)] != b.shape[b_term.index(c)] for c in groups + inner):
        raise InputError(f"letters of {a_term} and {b_term} have several sizes", mend="check the input size")
    dims = {name: tuple(size[c] for c in group) for name, group in (("g", groups), ("m", rows), ("n", columns))}
    term = "".join(groups + rows + columns)
    left = _turned(writer, a, a_term, "".join(groups + rows + inner))
    if not inner:
        left = pieces.reshaped(writer, left, (*dims["g"], *dims["m"], *(1,) * len(columns)), part="left")
        between = (*dims["g"], *(1,) * len(rows), *dims["n"])
        right = b if isinstance(b, Tensor) else writer.constant(b)
        right = _turned(writer, right, b_term, "".join(groups + columns))
        right = pieces.reshaped(writer, right, between, part="right")
        return pieces.arithmetic(writer, "mul", [left, right]), term
    depth = prod(size[c] for c in inner)
    if isinstance(b, Stored) and not groups:
        left = pieces.reshaped(writer, left, (*(dims["m"] or (1,)), depth), part="left")
        stored = replace(b, shape=(depth, prod(dims["n"])), values=None)
        y = pieces.multiplied(writer, left, stored)
        return pieces.reshaped(writer, y, (*dims["m"], *dims["n"]), part="split"), term
    right = b if isinstance(b, Tensor) else writer.constant(b)
    right = _turned(writer, right, b_term, "".join(groups + inner + columns))
    left = pieces.reshaped(writer, left, (prod(dims["g"]), prod(dims["m"]), depth), part="left")
    right = pieces.reshaped(writer, right, (prod(dims["g"]), depth, prod(dims["n"])), part="right")
    y = writer.add(L.MatMul(), left, right)
    return pieces.reshaped(writer, y, (*dims["g"], *dims["m"], *dims["n"]), part="split"), term


def _not_broadcast(writer: GraphWriter, x: Value, term: str, other: Value, other_term: str) -> tuple[Value, str]:
    """An operand without the axes of length 1 that the other has in full: they are the other's alone."""
    size = dict(zip(other_term, other.shape, strict=True))
    kept = [i for i, letter in enumerate(term) if x.shape[i] != 1 or size.get(letter, 1) == 1]
    if len(kept) in (0, len(term)):
        return x, term
    shape = tuple(x.shape[i] for i in kept)
    fewer = replace(x, shape=shape) if isinstance(x, Stored) else pieces.reshaped(writer, x, shape, part="squeezed")
    return fewer, "".join(term[i] for i in kept)


def _summed(writer: GraphWriter, x: Tensor, term: str, kept: set[str]) -> tuple[Tensor, str]:
    """``x`` summed over the letters nobody reads further on."""
    axes = [i for i, letter in enumerate(term) if letter not in kept]
    if not axes:
        return x, term
    return pieces.reduced(writer, x, "sum", axes, keepdims=False), "".join(c for c in term if c in kept)


def _turned(writer: GraphWriter, x: Tensor, term: str, wanted: str) -> Tensor:
    return pieces.transposed(writer, x, [term.index(c) for c in wanted], part="turned") if wanted else x
