"""What an interpreter keeps in the arena beside the maps, for as long as the network is loaded.

TensorFlow Lite Micro's structures, as sizes of pointers p: ``TfLiteEvalTensor`` 3p a tensor, ``TfLiteNode`` with
its registration 8p an op, a multiplier and a shift of 4 bytes each for every output channel, and each kernel's own
data. Sizes that no header states were read off ``RecordingMicroAllocator`` (tflite-micro, build of 2026-10-23, 64
bit, p = 8) on some twenty networks of 1 to 249 ops in int8 and float. Ignores what shape arithmetic and rare
kernels keep.
"""

from __future__ import annotations

from costsim.devices.mcu.profile import McuRuntime
from costsim.tables.optable import MAC, OpTable

CHANNEL_BYTES, FLOAT_BYTES = 8.0, 4.0
"""A multiplier and a shift; convolutions in float set them aside as well, fully connected layers do not."""
KERNEL_POINTERS = {"convolution": 18.0, "linear": 9.0, "element-wise": 8.0, "pad": 7.5, "other": 4.0}
"""Pointers' worth of data one op's kernel keeps, by kind; a reshape keeps none."""
FIXED_POINTERS, OP_POINTERS = 84.0, 2.2
"""Of the allocator, planner and interpreter; and once more for every op."""


def persistent_bytes(ops: OpTable, runtime: McuRuntime) -> float:
    """The arena's tail [bytes]: 0 for generated code, which keeps such data in flash."""
    if not runtime.interpreted:
        return 0.0
    multiplies = ops.kind[:, 0] == MAC
    weighted = multiplies & (ops.weight_elems[:, 0] > 0)
    constants = ops.by_word(lambda word: word.stores_constant).sum()
    tensors = 1 + len(ops) + 2 * weighted.sum() + constants
    convolutions, pads, reshapes = ops.convolves[:, 0], ops.is_op("pad")[:, 0], ops.is_op("reshape")[:, 0]
    element_wise = ops.by_word(lambda word: word.op_class == "element-wise")[:, 0] > 0
    kernels = KERNEL_POINTERS["convolution"] * convolutions.sum()
    kernels += KERNEL_POINTERS["linear"] * (multiplies & ~convolutions).sum()
    kernels += KERNEL_POINTERS["element-wise"] * element_wise.sum()
    kernels += KERNEL_POINTERS["pad"] * pads.sum()
    kernels += KERNEL_POINTERS["other"] * (~multiplies & ~element_wise & ~pads & ~reshapes).sum()
    pointers = 3.0 * tensors + 8.0 * len(ops) + kernels + FIXED_POINTERS + OP_POINTERS * len(ops)
    scaled = weighted & (convolutions | (ops.elem_bytes[:, 0] < FLOAT_BYTES))
    channels = (ops.c_out[:, 0] * scaled).sum()
    return float(CHANNEL_BYTES * channels + runtime.pointer_bytes * pointers)
