"""Fully connected layers over the rows of a matrix, as attention networks have them: a few rows at a time.

ncnn's InnerProduct takes four rows at once where their number is a multiple of four, otherwise one, and
streams all weights for each (src/layer/arm/innerproduct_gemm_fp16s.h, innerproduct_arm.cpp: 145 tokens
are 145 matrix-vector products). Weights in half precision are widened as they are read.

Ignored: weights that a cache keeps from one group of rows to the next, beyond a rate of their own.
"""

from __future__ import annotations

import numpy as np

from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.work import Rows, Work
from costsim.tables.optable import MAC


class RowsAtATime:
    """Fully connected layers over more than one row."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """Mask ``(ops, points)``."""
        ops = rows.ops
        return (ops.kind == MAC) & ops.is_op("linear") & (ops.h_out * ops.w_out > 1) & ~rows.attention.inside

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """Groups of ``taken`` rows, each with all weights.

            taken = linear_rows where rows are a multiple of it, else 1;   groups = rows / taken
            loads = macs / taken + macs / c_out                            weights, and inputs in broadcast

        Source and what is ignored: the module. Error: not measured apart from whole networks.
        """
        ops, runtime = rows.ops, machine.runtime
        count = ops.h_out * ops.w_out
        at_once = runtime.linear_rows
        assert at_once is not None  # runtimes without it do not have this kernel
        taken = np.where(np.mod(count, at_once) == 0, at_once, 1.0)
        kept = ops.weight_elem_bytes if runtime.linear_weight_bytes is None else runtime.linear_weight_bytes
        touched = ops.input_elems + ops.output_elems
        return Work(
            macs=ops.macs,
            loads=ops.macs / taken * kept / ops.elem_bytes + ops.macs / ops.c_out,
            l2_reads=touched,
            items=count / taken,
            weight_bytes=ops.weight_elems * kept,
            weight_streams=count / taken,
        )
