"""Channels in packs: what pointwise kernels pay where packs end.

Mobile runtimes keep as many neighbouring channels together as a vector holds (ncnn: 4 in fp32, 8 in
fp16). Channels that fill no pack of four are kept one by one (ncnn src/layer/arm/convolution_arm.cpp:
``num_output % 8``, ``% 4``). Pointwise kernels that read packs and write none pay for the change;
those without packs on either side run at full speed, and spatial ones gather their inputs anyway.

What changes packs between layers: ``costsim.devices.cpu.packs``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

SMALLEST_PACK = 4.0


def largest_pack(channels: Array, lanes: Any) -> Array:
    """Channels kept together: a vector's, four, or one, whatever divides them."""
    by_four = np.where(np.mod(channels, SMALLEST_PACK) == 0, SMALLEST_PACK, 1.0)
    return np.where(np.mod(channels, lanes) == 0, lanes, by_four)


def unpacks(ops: OpTable) -> np.ndarray:
    """Mask ``(ops, points)`` of the pointwise kernels that read packs of channels and write none."""
    reads_packs = np.mod(ops.c_in_per_group, SMALLEST_PACK) == 0
    writes_none = np.mod(ops.c_out_per_group, SMALLEST_PACK) != 0
    return reads_packs & writes_none & (ops.kernel_h * ops.kernel_w == 1)
