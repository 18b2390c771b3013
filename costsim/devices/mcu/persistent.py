"""What an interpreter keeps in the arena beside the maps, for as long as the network is loaded.

TensorFlow Lite Micro's structures, as sizes of pointers p: ``TfLiteEvalTensor`` 3p a tensor, ``TfLiteNode`` with
its registration 8p an op, a multiplier and a shift of 4 bytes each for every output channel, and each kernel's own
data. Sizes that no header states were read off ``RecordingMicroAllocator`` (tflite-micro, build of 2026-10-23, 64
bit, p = 8) on eight int8 networks of 1 to 249 ops. Ignores what shape arithmetic and rare kernels keep.
"""

from __future__ import annotations

import numpy as np

from costsim.devices.mcu.profile import McuRuntime
from costsim.tables.optable import MAC, OpTable

CHANNEL_BYTES = 8.0
"""A multiplier and a shift."""
KERNEL_POINTERS = {"convolution": 18.0, "linear": 9.0, "element-wise": 8.0, "data movement": 19.0, "other": 4.0}
"""Pointers' worth of data one op's kernel keeps, by kind; a reshape keeps none."""
FIXED_POINTERS, OP_POINTERS = 84.0, 2.2
"""Of the allocator, planner and interpreter; and once more for every op."""
CONSTANT_OPS = ("reshape", "pad", "reduce", "global_pool", "transpose", "slice", "upsample")
"""Ops whose axes, sizes or pads are a stored tensor."""


def persistent_bytes(ops: OpTable, runtime: McuRuntime) -> float:
    """The arena's tail [bytes]: 0 for generated code, which keeps such data in flash."""
    if not runtime.interpreted:
        return 0.0
    multiplies = ops.kind[:, 0] == MAC
    weighted = multiplies & (ops.weight_elems[:, 0] > 0)
    tensors = 1 + len(ops) + 2 * weighted.sum() + ops.is_op(*CONSTANT_OPS).sum()
    convolutions, reshapes = ops.convolves[:, 0], ops.is_op("reshape")[:, 0]
    element_wise, moves = (
        np.array([label.op_class == name for label in ops.labels]) for name in ("element-wise", "data movement")
    )
    kernels = KERNEL_POINTERS["convolution"] * convolutions.sum()
    kernels += KERNEL_POINTERS["linear"] * (multiplies & ~convolutions).sum()
    kernels += KERNEL_POINTERS["element-wise"] * element_wise.sum()
    kernels += KERNEL_POINTERS["data movement"] * (moves & ~reshapes).sum()
    kernels += KERNEL_POINTERS["other"] * (~multiplies & ~element_wise & ~moves).sum()
    pointers = 3.0 * tensors + 8.0 * len(ops) + kernels + FIXED_POINTERS + OP_POINTERS * len(ops)
    channels = (ops.c_out[:, 0] * weighted).sum()
    return float(CHANNEL_BYTES * channels + runtime.pointer_bytes * pointers)
