"""How work divides among threads.

Work comes in whole items (panels of output channels, packs of channels); the slowest thread sets
the time. Ignored: threads on unlike cores, and the time other processes take.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.tables.schema import Array


def parallel_ratio(items: Array, threads: Any) -> Array:
    """Share of the work on the critical path: ``ceil(items / threads) / items``."""
    return np.ceil(items / threads) / np.maximum(items, 1.0)


def concurrency(items: Array, threads: Any) -> Array:
    """Threads at work at the same time, on average: items over rounds. Idle threads disturb nobody."""
    return np.maximum(items, 1.0) / np.maximum(np.ceil(items / threads), 1.0)
