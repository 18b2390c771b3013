"""Depthwise convolution with channels packed into vectors.

One channel pack at a time, rows of inputs kept in registers over a strip of outputs, as in ncnn's
convolutiondepthwise_3x3_pack4.h and XNNPACK's dwconv kernels.

Ignored: border handling inside the kernel and the reload of weights for every row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.tables.schema import Array

STRIP = 4.0
"""Neighbouring outputs that share loaded inputs."""


SMALL_PACK = 4.0
"""Channels kept together where they do not fill a vector of more."""


def largest_pack(channels: Array, lanes: Any) -> Array:
    """Channels computed together: a vector's, four, or one, whatever divides them."""
    return np.where(np.mod(channels, lanes) == 0, lanes, np.where(np.mod(channels, SMALL_PACK) == 0, SMALL_PACK, 1.0))


def loads_per_output(kernel_h: Array, kernel_w: Array, stride_w: Array, dilation_w: Array) -> Array:
    """Input values loaded for one output when ``STRIP`` outputs of a row share theirs."""
    span = np.minimum((STRIP - 1) * stride_w + dilation_w * (kernel_w - 1) + 1, STRIP * kernel_w)
    return kernel_h * span / STRIP
