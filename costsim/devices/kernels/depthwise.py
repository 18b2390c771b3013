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


def packed(channels: Array, pack: Any) -> Array:
    """Channels as computed: a last, partly filled pack costs a whole one."""
    return np.ceil(channels / pack) * pack


def loads_per_output(kernel_h: Array, kernel_w: Array, stride_w: Array, dilation_w: Array) -> Array:
    """Input values loaded for one output when ``STRIP`` outputs of a row share theirs."""
    span = np.minimum((STRIP - 1) * stride_w + dilation_w * (kernel_w - 1) + 1, STRIP * kernel_w)
    return kernel_h * span / STRIP
