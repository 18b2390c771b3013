"""Rounding to hardware quanta, exact below 2**53."""

from __future__ import annotations

from typing import Any

import numpy as np


def round_up(count: Any, quantum: Any) -> Any:
    """The next multiple of ``quantum``: what a tile of that size really processes."""
    return np.ceil(count / quantum) * quantum
