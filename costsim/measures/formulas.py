"""The papers' own arithmetic: memory access of a 1x1 convolution, its lower bound, intensities.

Symbols are those of ShuffleNetV2 (Ma et al. 2018, arXiv 1807.11164, Section 3): a map of ``hw``
pixels, ``c1`` channels in, ``c2`` out, ``g`` groups, ``b`` multiply-accumulates. All results are
elements, not bytes: every tensor once, no cache, no tiles. All functions take arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def pointwise_macs(hw: Any, c1: Any, c2: Any, g: Any = 1) -> Any:
    """``B = hw c1 c2 / g`` [multiply-accumulates]."""
    return hw * c1 * c2 / g


def pointwise_mem_access(hw: Any, c1: Any, c2: Any, g: Any = 1) -> Any:
    """``hw (c1 + c2) + c1 c2 / g`` [elements] (Equations 1 and 2)."""
    return hw * (c1 + c2) + c1 * c2 / g


def mem_access_bound(hw: Any, b: Any, g: Any = 1) -> Any:
    """The least a 1x1 convolution of ``b`` macs and ``g`` groups can access [elements].

    ``2 sqrt(hw b g) + b / hw``; met when ``c1 = c2``, by the inequality of the arithmetic and
    geometric means. The paper states it for ``g = 1`` (Equation 1).
    """
    return 2 * np.sqrt(hw * b * g) + b / hw


def mem_access_at_ratio(hw: Any, b: Any, ratio: Any) -> Any:
    """Memory access at ``c2 / c1 = ratio`` and fixed ``b``, ``g = 1`` [elements]."""
    return np.sqrt(hw * b) * (np.sqrt(ratio) + 1 / np.sqrt(ratio)) + b / hw


def mem_access_at_groups(hw: Any, c1: Any, b: Any, g: Any) -> Any:
    """Memory access at fixed ``c1`` and ``b``, ``c2`` growing with ``g`` [elements] (Equation 2)."""
    return hw * c1 + b * g / c1 + b / hw


def series_mem_access(hw: Any, c: Any, n: Any) -> Any:
    """Feature maps of ``n`` 1x1 layers in a row with the macs of one of width ``c`` [elements].

    Equal macs make each ``c / sqrt(n)`` wide; ``n 2 hw c / sqrt(n)``, weights left out.
    """
    return 2 * hw * c * np.sqrt(n)


def depthwise_intensity(hw: Any, c: Any, kernel: Any) -> Any:
    """Macs an element accessed of a depthwise convolution at stride 1; below ``kernel^2 / 2``."""
    return hw * c * kernel**2 / (2 * hw * c + kernel**2 * c)


def block_intensity_ratio(c: Any, group_channels: Any, kernel: Any = 3) -> Any:
    """Macs of the 1x1 convolutions of a VarGNet block over those of its group convolutions.

    ``c / (kernel^2 G)``: 1 is balanced; ``G = 1`` is the depthwise block (Zhang et al. 2019,
    arXiv 1907.05653, Section 3).
    """
    return c / (kernel**2 * group_channels)


def pipeline_backlog_ratio(first_macs: Any, second_macs: Any) -> Any:
    """Share of the map between two layers that waits when the first is done, each on half of the array.

    ``max(0, 1 - first / second)``: both start together and every line is taken up as soon as it is
    there. A faster second layer never lets a line wait; it idles instead.
    """
    return np.maximum(0.0, 1 - np.divide(first_macs, second_macs))
