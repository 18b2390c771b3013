"""ONNX's Fourier transforms, of whole axes and of frames."""

from __future__ import annotations

from math import prod

from costsim.graph import Tensor
from costsim.importers import fourier
from costsim.importers.onnx.call import Call
from costsim.importers.pieces import axis_of


def of_axis(call: Call) -> Tensor:
    """DFT: the last axis holds the real and the imaginary part; the transformed one may be padded, or halved."""
    x = call.tensor()
    given = call.numbers(2)[0] if call.opset >= 20 and call.has(2) else call.get("axis", 1 if call.opset < 20 else -2)
    axis = axis_of(int(given), x.shape)
    length = int(call.numbers(1)[0]) if call.has(1) else x.shape[axis]
    one_sided, inverse = bool(call.get("onesided", 0)), bool(call.get("inverse", 0))
    kept = length // 2 + 1 if one_sided and not inverse else length
    shape = (*x.shape[:axis], kept, *x.shape[axis + 1 : -1], 1 if one_sided and inverse else 2)
    times = prod(x.shape[:-1]) // x.shape[axis]
    return fourier.fast(call.writer, call.op, [x], shape, length, times, real=x.shape[-1] == 1)


def of_frames(call: Call) -> Tensor:
    """STFT: frames of a signal (batch, length, 1 or 2), each multiplied by a window."""
    x, step = call.tensor(), int(call.numbers(1)[0])
    length = int(call.numbers(3)[0]) if call.has(3) else call.value(2).shape[0]
    frames = (x.shape[1] - length) // step + 1
    kept = length // 2 + 1 if call.get("onesided", 1) else length
    shape = (x.shape[0], frames, kept, 2)
    return fourier.fast(call.writer, call.op, [x], shape, length, x.shape[0] * frames, real=x.shape[-1] == 1)
