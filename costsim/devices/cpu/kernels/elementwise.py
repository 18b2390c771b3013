"""Arithmetic of ops that are one pass over their tensors.

Most cost one vector instruction an operation. Exponentials, logarithms and powers are polynomials:
counted here are the vector instructions of the range reduction and polynomial of Cephes, as ncnn's
src/layer/arm/neon_mathfun.h and most other libraries evaluate them.
"""

from __future__ import annotations

import numpy as np

from costsim.devices.cpu.profile import CpuRuntime
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


def vector_instructions(ops: OpTable, runtime: CpuRuntime) -> Array:
    """Vector lanes issued for all arithmetic beside multiply-accumulates [lane operations].

    Every exponential takes what the runtime states, unless it states instructions of the op as a whole.
    """
    exponentials = ops.by_word(lambda word: word.exponentials) * runtime.exponential_instructions
    stated = ops.by_op(runtime.op_instructions, 0.0)
    return ops.flops - 2 * ops.macs + np.where(stated > 0, stated, exponentials) * ops.output_elems
