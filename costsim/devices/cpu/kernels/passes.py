"""Ops that pass over their tensors: activations, additions, pooling, copies."""

from __future__ import annotations

import numpy as np

from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.precision import HALF_BYTES, SINGLE_BYTES
from costsim.devices.cpu.work import Rows, Work
from costsim.tables.optable import MAC


class Pass:
    """Every row without multiply-accumulates."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """Mask ``(ops, points)``."""
        return rows.ops.kind != MAC

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """Every input read and every output written in each pass.

        ``loads = l2_reads = passes (inputs + outputs)``, divided among threads by vectors of channels;
        ops without kernels for half precision pass over floats.
        Source: plain loops over tensors. Ignores: windows that overlap (pooling reads them from the
        first cache level again). Error: none was measured apart from whole networks.
        """
        ops, runtime = rows.ops, machine.runtime
        passes = ops.by_op(runtime.passes, 1.0)
        touched = passes * (ops.input_elems + ops.output_elems) * ~rows.attention.absorbed
        casts = ops.is_op(*(runtime.plain_tensor_ops or ())) & (ops.elem_bytes == HALF_BYTES)
        vectors = np.ceil(ops.c_out / machine.lanes(ops.elem_bytes))
        return Work(
            macs=np.zeros_like(touched),
            loads=touched,
            l2_reads=touched,
            items=np.where(ops.is_op(*runtime.serial_ops) & ~rows.attention.inside, 1.0, vectors),
            weight_bytes=ops.weight_bytes,
            elem_bytes=np.where(casts, SINGLE_BYTES, 0.0),
            passes=passes,
        )
