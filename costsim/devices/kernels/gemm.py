"""Matrix products as CPU libraries run them: register tiles with tails, packed panels, cache re-reads.

``C[m, n] += A[m, k] * B[k, n]`` with m output channels, n pixels, k = c_in * kernel_h * kernel_w.
A micro-kernel holds a tile of ``rows x columns`` results in registers and, for every k, loads
``rows + columns`` values to do ``rows * columns`` multiply-accumulates (Goto and van de Geijn 2008,
"Anatomy of high-performance matrix multiplication"; ncnn src/layer/arm/convolution_im2col_gemm.h:
8 x 12 on AArch64 with tails 8, 4, 2, 1).

Ignored: splitting k into cache blocks, software prefetch, register spills of unusual tiles.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.tables.schema import Array


def tile_count(length: Array, tile: Any) -> Array:
    """Register tiles along one side of length ``length``: full ones, then tails of 8, 4, 2 and 1.

    A tail takes the largest power of two that is left, so 11 beyond the last full tile are 8 + 2 + 1.
    """
    full = np.floor(length / tile)
    left = length - full * tile
    tails = np.zeros_like(left)
    for size in (8.0, 4.0, 2.0, 1.0):
        takes = (left >= size).astype(float)
        tails, left = tails + takes, left - takes * size
    return full + tails


def padded_macs(m: Array, n: Array, k: Array, lanes: Any) -> Array:
    """Multiply-accumulates issued: rows fill vectors of ``lanes``; rows left over put pixels there instead."""
    whole = np.floor(m / lanes) * lanes
    return k * (whole * n + (m - whole) * np.ceil(n / lanes) * lanes)


def register_loads(m: Array, n: Array, k: Array, rows: Any, columns: Any) -> Array:
    """Values loaded into registers: A once per column tile, B once per row tile [elements]."""
    return k * (m * tile_count(n, columns) + n * tile_count(m, rows))


def panel_reads(m: Array, n: Array, k: Array, rows: Any) -> Array:
    """Values of the packed B read past the first cache level: once per row tile [elements]."""
    return k * n * tile_count(m, rows)
