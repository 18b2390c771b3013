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
    """Least seconds for one step of k, however little work there is: load, synchronise, multiply."""


def product_s(
    sm: Multiprocessors, m: Array, n: Array, k: Array, batch: Array, tile_m: int, tile_n: int, products: int = 1
) -> Array:
    """Seconds of ``batch`` products of ``(m, k)`` and ``(k, n)`` matrices cut into ``tile_m x tile_n`` blocks.

    Equations::

        blocks = batch * ceil(m / tile_m) * ceil(n / tile_n)
        busiest = ceil(blocks / count)              blocks on the multiprocessor that finishes last
        sums = tile_m * tile_n * products           partial sums of a block, each one step of k
        waves = ceil(busiest / resident),  resident = max(1, accumulators // sums)
        seconds = k * max(busiest * sums / macs_per_s, waves * step_s)

    Partial tiles cost like full ones (tile quantisation), and so does a last wave that leaves
    multiprocessors idle (wave quantisation). Never faster with fewer multiprocessors or a lower
    rate; twice ``m`` or ``batch`` at most doubles it. A block of a Winograd kernel holds
    ``products`` sums for each of its tiles.

    Shapes: operands ``(ops, points)``, result alike. Units: counts, seconds.
    Source: NVIDIA, Matrix Multiplication Background User's Guide (tile and wave quantisation);
    CUDA C Programming Guide (occupancy by registers).
    Ignores: prologue and epilogue of a block (part of the launch time), clocks that fall under load.
    Error: 8 to 17 % mean on DeepBench's dense layers, by GPU and by how well the tiles are known.
    """
    sums = tile_m * tile_n * products
    busiest = np.ceil(batch * np.ceil(m / tile_m) * np.ceil(n / tile_n) / sm.count)
    waves = np.ceil(busiest / np.maximum(1, np.floor(sm.accumulators / sums)))
    return k * np.maximum(busiest * sums / sm.macs_per_s, waves * sm.step_s)


def fetched_elems(input_elems: Array, weight_elems: Array, m: Array, n: Array, tile_m: int, tile_n: int) -> Array:
    """Elements all blocks together fetch from the L2 cache, where the blocks of a wave meet.

    ``input_elems * ceil(n / tile_n) + weight_elems * ceil(m / tile_m)``: each operand once for
    every column or row of blocks. Overlapping windows inside a block count once (L1 cache).
    """
    return input_elems * np.ceil(n / tile_n) + weight_elems * np.ceil(m / tile_m)
