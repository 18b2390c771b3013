"""Matrix products on a GPU: thread blocks of fixed tiles, spread over multiprocessors in waves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from costsim.tables.schema import Array


@dataclass(frozen=True)
class Multiprocessors:
    """What a matrix kernel runs on. Fields are numbers or arrays ``(points,)``."""

    count: Any
    macs_per_cycle: Any
    """Multiply-accumulates a cycle of one multiprocessor, as far as kernels reach it."""
    accumulators: Any
    """Partial sums its registers hold at once, over all resident thread blocks."""


def busiest_blocks(sm: Multiprocessors, m: Array, n: Array, batch: Array, tile_m: int, tile_n: int) -> Array:
    """Thread blocks of the multiprocessor that finishes last: ``ceil(batch * ceil(m/tm) * ceil(n/tn) / count)``."""
    return np.ceil(batch * np.ceil(m / tile_m) * np.ceil(n / tile_n) / sm.count)


def arithmetic_cycles(sm: Multiprocessors, busiest: Array, k: Array, sums: int) -> Array:
    """Cycles the busiest multiprocessor multiplies: ``busiest * sums * k / macs_per_cycle``.

    ``sums`` are the partial sums of a block (tile rows x columns, times the products of a Winograd
    tile), each one multiplication for every step of k. Partial tiles cost like full ones (tile
    quantisation), and idle multiprocessors are waited for (wave quantisation).

    Shapes ``(ops, points)``. Never less than ``m * n * k`` over the peak; more or faster
    multiprocessors never slower; twice ``m`` or ``batch`` at most twice the time.
    Source: NVIDIA, Matrix Multiplication Background User's Guide (tile and wave quantisation).
    Ignores: clocks that rise or fall with load.
    Error: together with ``rounds_of_blocks`` about 11 % mean on DeepBench's dense layers on a GTX 1080 Ti.
    """
    return busiest * sums * k / sm.macs_per_cycle


def rounds_of_blocks(sm: Multiprocessors, busiest: Array, sums: int) -> Array:
    """Times the busiest multiprocessor waits for a block from its first load to its last store.

    Equation: ``rounds = max(1, busiest / resident)`` and ``resident = max(1, accumulators // sums)``:
    blocks that fit the registers together wait together, and each that ends makes room for the
    next. A round takes ``ramp_s + steps * step_s``; ``steps`` are input channels: further taps of a
    window find their operands in L1. This is what keeps small layers from the peak: too few blocks
    to hide their waiting.

    Shapes ``(ops, points)``; the same laws as ``arithmetic_cycles``.
    Source: CUDA C Programming Guide (occupancy by registers); Volkov 2016, "Understanding latency
    hiding on GPUs" (latency-bound throughput).
    """
    return np.maximum(1, busiest / np.maximum(1, np.floor(sm.accumulators / sums)))


def fetched_elems(input_elems: Array, weight_elems: Array, m: Array, n: Array, tile_m: int, tile_n: int) -> Array:
    """Elements all blocks together fetch from the L2 cache, where the blocks of a wave meet.

    ``input_elems * ceil(n / tile_n) + weight_elems * ceil(m / tile_m)``: each operand once for
    every column or row of blocks. Overlapping windows inside a block count once (L1 cache).
    """
    return input_elems * np.ceil(n / tile_n) + weight_elems * np.ceil(m / tile_m)
