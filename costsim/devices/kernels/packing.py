"""Channels in packs: what odd channel counts cost.

Mobile runtimes keep as many neighbouring channels together as a vector holds (ncnn: 4 in fp32, 8 in
fp16). A layer whose channels do not fill such packs falls back to packs of four, which leave half of
an fp16 vector empty, and then to kernels without packs (ncnn src/layer/arm/convolution_arm.cpp:
out_elempack by ``num_output % 8``, ``% 4``).

Ignored: the repacking of a tensor between layers of different packs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

SMALLEST_PACK = 4.0


def packing_ratio(ops: OpTable, vector_bytes: Any, unpacked_ratio: Any) -> Array:
    """Speed over that of a layer whose output channels fill whole vectors."""
    lanes = np.maximum(vector_bytes / ops.elem_bytes, SMALLEST_PACK)
    channels = np.where(ops.c_in_per_group == 1, ops.c_out, ops.c_out_per_group)
    in_fours = np.where(np.mod(channels, SMALLEST_PACK) == 0, SMALLEST_PACK / lanes, unpacked_ratio)
    return np.where(np.mod(channels, lanes) == 0, 1.0, in_fours)
