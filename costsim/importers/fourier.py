"""Fourier transforms: ops whose arithmetic is counted though no layer stands for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, log2, prod

from costsim.graph import Tensor
from costsim.importers.writer import GraphWriter


def fast(
    writer: GraphWriter, op: str, read: Iterable[Tensor], shape: Sequence[int], length: int, times: int, real: bool
) -> Tensor:
    """So many fast transforms of one length: 5 n log2(n) operations, half of them where the signal is real.

    The operations of the radix-2 algorithm (Cooley and Tukey 1965), which libraries for transforms count by, too
    (https://www.fftw.org/speed/).
    """
    operations = ceil(5 * length * log2(max(length, 2))) // (2 if real else 1)
    return writer.unknown(op, read, tuple(shape), flops=operations * times)


def direct(writer: GraphWriter, op: str, x: Tensor, shape: Sequence[int], length: int) -> Tensor:
    """Every frequency as two sums over the signal, the real and the imaginary one, each with a product a sample."""
    frequencies = prod(shape) // (2 if len(shape) == 4 else 1)
    return writer.unknown(op, [x], tuple(shape), flops=4 * length * frequencies)
