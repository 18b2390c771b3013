"""Which tensors of a run in int8 are int8, and the passes between them and floats.

ncnn quantises what an int8 kernel reads unless it is int8 already, sums in int32 in a tensor of its own, and
turns that into floats, or into int8 where nothing but int8 kernels reads it (Tencent/ncnn src/layer/arm/
convolution_arm.cpp: forward_int8_arm; tools/quantize/ncnn2int8.cpp: fuse_requantize). Runtimes that keep
every tensor in int8 scale the sums in registers and have no such pass.

Ignored: a tensor of floats and one of int8 read by the same op are both counted as the op writes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from costsim.devices.base import RunConfig
from costsim.devices.cpu.profile import CpuProfile, CpuRuntime
from costsim.devices.kernels.edges import by_row
from costsim.hardware.profile import DTYPE_BYTES
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array

INT8_BYTES, SUM_BYTES = 1.0, 4.0
"""Of one value, and of one sum of products of two."""

HALF_BYTES, SINGLE_BYTES = 2.0, 4.0
"""Of one value in half and in single precision."""


def computes_in_int8(ops: OpTable) -> np.ndarray:
    """Mask ``(ops, points)`` of the rows that int8 kernels compute: those whose weights are int8."""
    return (ops.kind == MAC) & (ops.weight_elem_bytes == INT8_BYTES)


def in_precision(ops: OpTable, profile: CpuProfile, run: RunConfig) -> OpTable:
    """The table with the bytes of an element as the runtime keeps each tensor in a run in int8.

    Layers that a quantised file keeps in floats compute in them; where all tensors are int8 otherwise, what nothing
    but such layers write stays in floats too.
    """
    rules = profile.runtime.int8
    if run.dtype != "int8" or rules is None:
        return ops
    float_bytes = DTYPE_BYTES[profile.runtime.float_dtype]
    kept = np.array([label.dtype == "float" for label in ops.labels])[:, None]
    if not rules.float_between:
        return ops if not kept.any() else _with_floats(ops, _passed_on(ops, kept), float_bytes)
    kernels = (ops.kind == MAC) & ops.is_op(*rules.ops) & (ops.weight_elems > 0) & ~kept
    read_as_int8 = ~_any(ops, ~kernels, of_readers=True) & (ops.last_reader[:, None] >= 0)
    return replace(
        ops,
        elem_bytes=np.where(kernels & read_as_int8, INT8_BYTES, float_bytes),
        weight_elem_bytes=np.where(kernels, INT8_BYTES, float_bytes),
    )


def _passed_on(ops: OpTable, kept: np.ndarray) -> np.ndarray:
    """Mask ``(ops, 1)`` of the rows in floats: those kept so, and all but products that read nothing else."""
    floats = kept[:, 0].copy()
    multiplies = np.all(ops.kind == MAC, axis=1)
    for row, producers in enumerate(ops.producers):
        if not multiplies[row] and producers:
            floats[row] = all(producer >= 0 and floats[producer] for producer in producers)
    return floats[:, None]


def _with_floats(ops: OpTable, floats: np.ndarray, float_bytes: float) -> OpTable:
    elem_bytes, weight_bytes = (np.where(floats, float_bytes, b) for b in (ops.elem_bytes, ops.weight_elem_bytes))
    return replace(ops, elem_bytes=elem_bytes, weight_elem_bytes=weight_bytes)


def converted_bytes(ops: OpTable, runtime: CpuRuntime) -> Array:
    """Bytes that quantising, dequantising and requantising passes read and write, ``(ops, points)``.

        quantise = inputs (float + 1)                      unless they are int8
        scale    = outputs (4 + 4 + bytes of the output)   the int32 sums are written, read and scaled
        activate = 2 outputs float                         after a dequantising pass, which fuses none

    Source: the module's docstring. Ignores: the padding of int8 tensors, which is counted with the packing.
    """
    if runtime.int8 is None or not runtime.int8.float_between:
        return np.zeros((len(ops), 1))
    floats = ops.elem_bytes > INT8_BYTES
    reads_floats = _any(ops, floats, of_readers=False) | ops.reads_input[:, None]
    float_bytes = DTYPE_BYTES[runtime.float_dtype]
    quantise = reads_floats * ops.input_elems * (float_bytes + INT8_BYTES)
    scale = ops.output_elems * (2 * SUM_BYTES + ops.elem_bytes)
    activate = (floats & (ops.epilogue_flops > 0)) * 2 * ops.output_elems * float_bytes
    return np.where(computes_in_int8(ops), quantise + scale + activate, 0.0)


def _any(ops: OpTable, holds: np.ndarray, *, of_readers: bool) -> np.ndarray:
    """Whether it holds of any op that reads a row's output, or of any that wrote what the row reads."""
    reader, producer = ops.edges
    reader, producer = reader[producer >= 0], producer[producer >= 0]
    those, whose = (reader, producer) if of_readers else (producer, reader)
    return by_row(np.maximum, holds[those].astype(float), whose, len(ops)) > 0
