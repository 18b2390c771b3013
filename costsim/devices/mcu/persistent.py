"""What an interpreter keeps in the arena beside the maps, for as long as the network is loaded.

TensorFlow Lite Micro's structures, written as C lays them out (the letters of Python's ``struct``, P for a pointer):
one for every tensor and every op, the options an op has in the file, the data its kernel works out once, and a
multiplier and a shift of 4 bytes for each output channel. From tflite-micro's headers (micro/kernels/*.h,
lite/kernels/internal/types.h, lite/core/c/builtin_op_data.h) in a build that can read compressed weights; one that
cannot takes up to 32 bytes less an op. Ignores further
inputs and outputs, and the ops of subgraphs. Expected error: 1 % of the whole arena.
"""

from __future__ import annotations

from struct import calcsize

import numpy as np

from costsim.devices.mcu.arena import aligned
from costsim.devices.mcu.profile import McuRuntime
from costsim.tables.optable import MAC, OpTable

TENSOR, OP, HANDLE = "PPi0P", "6PiP", "P"
"""``TfLiteEvalTensor``; ``TfLiteNode`` with its registration; ``ScratchBufferHandle``."""

OPTIONS = {
    "fully connected": "8i",  # four are declared; the allocator hands out eight
    "pooling": "10i",
    "add": "2i",
    "sub": "2i",
    "concat": "2i",
    "reshape": "9i",
    "slice": "6i",
    "global_pool": "i",
    "mul": "i",
    "div": "i",
    "softmax": "i",
}
"""What the file says of an op (``TfLite*Params``), by word or class; convolutions say most, others nothing."""

KERNEL = {
    "fully connected": "9i2P?2i0P",
    "pooling": "8i",
    "global_pool": "11i",
    "add": "?14i",
    "sub": "?12i",
    "mul": "9i",
    "div": "7i",
    "concat": "iPP3i10i0P",
    "pad": "b5ib5i2i",
    "slice": "b5ib5ib5i5H?0i",
    "softmax": "d7i5P0d",
    "relu": "8i",
    "relu6": "2i",
    "sigmoid": "4i",
    "tanh": "4i",
    "hard_swish": "3hihi",
    "leaky_relu": "6i",
    "prelu": "7i",
    "compare": "7i?0i",
    "activation": "4i",
}
"""What a kernel keeps of an op (``OpData``), by word or class; not in the tables: nothing."""

SHAPE_OPS = {"SHAPE": ("i", "", 0), "STRIDED_SLICE": (OPTIONS["slice"], KERNEL["slice"], 3), "PACK": ("2i", "", 1)}
"""Ops of a file that work out shapes: options, data of the kernel, constants they read; others have one constant."""

CONVOLUTION_OPTIONS, CONVOLUTION = "7i", "9i2P5i0P"
CHANNEL_BYTES = 4.0
"""Of a multiplier and again of a shift; convolutions in float set both aside as well."""
FIXED, SCALED = "81P", "8P"
"""Allocators, planner and interpreter with the tensors of one input and one output, and in integers the scales of
these two: read off print_allocations()."""
MEAN_BUFFERS = 3
"""Scratch buffers a mean asks for: sums, a counter for every axis, the axes."""
FLOAT_BYTES = 4.0


def persistent_bytes(ops: OpTable, runtime: McuRuntime) -> float:
    """The arena's tail [bytes]: 0 for generated code, which keeps such data in flash."""
    if not runtime.interpreted:
        return 0.0
    convolves, is_mean = ops.convolves[:, 0], ops.is_op("global_pool")[:, 0]
    constants = ops.by_word(lambda word: word.stores_constant)[:, 0].sum() + is_mean.sum()
    weighted = (ops.kind[:, 0] == MAC) & (ops.weight_elems[:, 0] > 0)
    tensors = 1 + len(ops) + weighted.sum() + _biased(ops).sum() + constants
    in_integers = bool((ops.elem_bytes < FLOAT_BYTES).any())
    kept = (
        _bytes(FIXED + SCALED * in_integers, runtime)
        + tensors * _bytes(TENSOR, runtime)
        + len(ops) * _bytes(OP, runtime)
    )
    kept += MEAN_BUFFERS * is_mean.sum() * _bytes(HANDLE, runtime)
    for label, is_convolution in zip(ops.labels, convolves, strict=True):
        options = CONVOLUTION_OPTIONS if is_convolution else _of(label.op, label.op_class, OPTIONS)
        kernel = CONVOLUTION if is_convolution else _of(label.op, label.op_class, KERNEL)
        kept += _bytes(options, runtime) + aligned(_bytes(kernel, runtime))
    return float(kept + _scales_bytes(ops) + sum(_shape_op_bytes(op, runtime) for op in ops.shape_ops))


def _shape_op_bytes(op: str, runtime: McuRuntime) -> int:
    """One op that makes a shape out of a shape, with that tensor [bytes]."""
    options, kernel, constants = SHAPE_OPS.get(op, ("", "", 1))
    held = _bytes(OP, runtime) + (1 + constants) * _bytes(TENSOR, runtime)
    return held + _bytes(options, runtime) + aligned(_bytes(kernel, runtime))


def _scales_bytes(ops: OpTable) -> float:
    """Multipliers and shifts, an array of each for every op whose weights have a scale a channel [bytes]."""
    channels = []
    for label, convolves, elem_bytes in zip(ops.labels, ops.convolves[:, 0], ops.elem_bytes[:, 0], strict=True):
        if convolves:
            channels.append(label.output_shape[1])
        elif label.op_class == "fully connected" and elem_bytes < FLOAT_BYTES and not label.one_scale:
            channels.append(label.output_shape[-1])
    return float(sum(2 * aligned(CHANNEL_BYTES * float(np.max(count))) for count in channels))


def _biased(ops: OpTable) -> np.ndarray:
    """``(ops,)`` products with a bias: they store more than their matrix."""
    matrix = ops.groups * ops.c_out_per_group * ops.c_in_per_group * ops.kernel_h * ops.kernel_w
    return ((ops.kind == MAC) & (ops.weight_elems > matrix))[:, 0]


def _of(word: str, op_class: str, table: dict[str, str]) -> str:
    return table.get(word, table.get(op_class, ""))


def _bytes(layout: str, runtime: McuRuntime) -> int:
    """Size of a structure on a machine with pointers of that many bytes."""
    return calcsize("@" + layout.replace("P", "I" if runtime.pointer_bytes <= CHANNEL_BYTES else "Q"))
