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
    macs_per_s: Any
    """Multiply-accumulates a second of one multiprocessor, as far as kernels reach it."""
    accumulators: Any
    """Partial sums its registers hold at once, over all resident thread blocks."""
    step_s: Any
    """Seconds a block waits for the operands of one more input channel, however little it does with them."""
    ramp_s: Any
    """Seconds a block takes to load its first operands and to store its results."""


def busiest_blocks(sm: Multiprocessors, m: Array, n: Array, batch: Array, tile_m: int, tile_n: int) -> Array:
    """Thread blocks of the multiprocessor that finishes last: ``ceil(batch * ceil(m/tm) * ceil(n/tn) / count)``."""
    return np.ceil(batch * np.ceil(m / tile_m) * np.ceil(n / tile_n) / sm.count)


def arithmetic_s(sm: Multiprocessors, busiest: Array, k: Array, sums: int) -> Array:
    """Seconds the busiest multiprocessor multiplies: ``busiest * sums * k / macs_per_s``.

    ``sums`` are the partial sums of a block (tile rows x columns, times the products of a Winograd
    tile), each one multiplication for every step of k. Partial tiles cost like full ones (tile
    quantisation), and idle multiprocessors are waited for (wave quantisation).

    Shapes ``(ops, points)``. Never less than ``m * n * k`` over the peak; more or faster
    multiprocessors never slower; twice ``m`` or ``batch`` at most twice the time.
    Source: NVIDIA, Matrix Multiplication Background User's Guide (tile and wave quantisation).
    Ignores: clocks that rise or fall with load.
    Error: together with ``latency_s`` about 11 % mean on DeepBench's dense layers on a GTX 1080 Ti.
    """
    return busiest * sums * k / sm.macs_per_s


def latency_s(sm: Multiprocessors, busiest: Array, steps: Array, sums: int) -> Array:
    """Seconds the busiest multiprocessor takes if only the latency of its blocks counts.

    Equation: ``rounds * (ramp_s + steps * step_s)``, ``rounds = max(1, busiest / resident)`` and
    ``resident = max(1, accumulators // sums)``: blocks that fit the registers together wait
    together, and each that ends makes room for the next. ``steps`` are input channels: further
    taps of a window find their operands in L1. This is what keeps small layers from the peak: too
    few blocks to hide their waiting.

    Shapes ``(ops, points)``; the same laws as ``arithmetic_s``.
    Source: CUDA C Programming Guide (occupancy by registers); Volkov 2016, "Understanding latency
    hiding on GPUs" (latency-bound throughput).
    """
    rounds = np.maximum(1, busiest / np.maximum(1, np.floor(sm.accumulators / sums)))
    return rounds * (sm.ramp_s + steps * sm.step_s)


def fetched_elems(input_elems: Array, weight_elems: Array, m: Array, n: Array, tile_m: int, tile_n: int) -> Array:
    """Elements all blocks together fetch from the L2 cache, where the blocks of a wave meet.

    ``input_elems * ceil(n / tile_n) + weight_elems * ceil(m / tile_m)``: each operand once for
    every column or row of blocks. Overlapping windows inside a block count once (L1 cache).
    """
    return input_elems * np.ceil(n / tile_n) + weight_elems * np.ceil(m / tile_m)
