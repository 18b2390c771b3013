"""ATen's Fourier transforms, as torch takes its own apart: real to complex, complex to complex, complex to real."""

from __future__ import annotations

from math import prod

from costsim.graph import Tensor
from costsim.importers import fourier
from costsim.importers.pieces import axis_of
from costsim.importers.torch.call import Call


def of_frames(call: Call) -> Tensor:
    """As many transforms of ``n_fft`` samples as a signal has frames (stft, istft), each times a window."""
    x, length = call.tensor("self"), int(call["n_fft"])
    spectrum = x.shape if call.op == "istft" else call.shape
    return fourier.fast(call.writer, call.op, [x], call.shape, length, prod(spectrum[:-2]) * spectrum[-1], real=True)


def transform(call: Call) -> Tensor:
    """Over all axes that are named: 5 n log2(n) of their product is the sum over the axes one by one."""
    x = call.tensor("self")
    whole = call.shape if call.op == "_fft_c2r" else x.shape  # the side that is not halved
    length = prod(whole[axis] for axis in {axis_of(int(axis), x.shape) for axis in call["dim"]})
    real = call.op != "_fft_c2c"
    return fourier.fast(call.writer, call.op.removeprefix("_"), [x], call.shape, length, prod(whole) // length, real)
