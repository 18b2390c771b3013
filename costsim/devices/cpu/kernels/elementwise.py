"""Arithmetic of ops that are one pass over their tensors.

Most cost one vector instruction an operation. Exponentials, logarithms and powers are polynomials:
counted here are the vector instructions of the range reduction and polynomial of Cephes, as ncnn's
src/layer/arm/neon_mathfun.h and most other libraries evaluate them.
"""

from __future__ import annotations

from typing import Any

from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


def vector_instructions(ops: OpTable, exponential_instructions: Any) -> Array:
    """Vector lanes issued for all arithmetic beside multiply-accumulates [lane operations]."""
    exponentials = ops.by_word(lambda word: word.exponentials)
    return ops.flops - 2 * ops.macs + exponentials * exponential_instructions * ops.output_elems
