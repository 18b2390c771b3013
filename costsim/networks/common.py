"""What several families share: how published channel counts are scaled and rounded."""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.graph.layers import Dim


def scaled(channels: Any, width: Any) -> Dim:
    """``channels * width``, rounded down to whole channels."""
    return _whole(np.floor(np.asarray(channels) * width + 1e-9))


def make_divisible(channels: Any, divisor: Any = 8) -> Dim:
    """The nearest multiple of ``divisor``, at least ``divisor`` and at least 90 % of ``channels``.

    The rounding of the MobileNetV2 authors, which nearly all mobile networks took over.
    """
    nearest = np.maximum(np.floor((np.asarray(channels) + divisor / 2) / divisor) * divisor, divisor)
    return _whole(nearest + divisor * (nearest < 0.9 * np.asarray(channels)))


def _whole(values: Any) -> Dim:
    whole = np.asarray(values).astype(np.int64)
    return whole if whole.ndim else int(whole)
