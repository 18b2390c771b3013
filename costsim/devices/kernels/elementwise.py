"""Arithmetic of ops that are one pass over their tensors.

Most cost one vector instruction an operation. Exponentials, logarithms and powers are polynomials:
counted here are the vector instructions of the range reduction and polynomial of Cephes, as ncnn's
src/layer/arm/neon_mathfun.h and most other libraries evaluate them.
"""

from __future__ import annotations

from typing import Any

from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

EXPONENTIALS_PER_ELEMENT = {
    "sigmoid": 1.0,
    "swish": 1.0,
    "tanh": 1.0,
    "gelu": 1.0,
    "elu": 1.0,
    "exp": 1.0,
    "softmax": 1.0,
    "mish": 3.0,
    "lrn": 2.0,
}
"""Exponentials and logarithms (a power takes one of each) for one output."""


def vector_instructions(ops: OpTable, exponential_instructions: Any) -> Array:
    """Vector lanes issued for all arithmetic beside multiply-accumulates [lane operations]."""
    exponentials = ops.by_op(EXPONENTIALS_PER_ELEMENT, 0.0)
    return ops.flops - 2 * ops.macs + exponentials * exponential_instructions * ops.output_elems
