"""What several families share: how published channel counts are scaled and rounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from costsim.errors import InputError
from costsim.graph.layers import Dim

Key = TypeVar("Key")
Row = TypeVar("Row")


def published(table: Mapping[Key, Row], key: Key, what: str) -> Row:
    """The row of a paper's table.

    Raises:
        InputError: the paper has none of that ``what``.
    """
    if key not in table:
        known = ", ".join(str(k) for k in table)
        raise InputError(f"no {what} {key} was published", mend=f"there is {known}")
    return table[key]


def scaled(channels: Any, width: Any) -> Dim:
    """``channels * width``, rounded down to whole channels."""
    return _whole(np.floor(np.asarray(channels) * width + 1e-9))


def make_divisible(channels: Any, divisor: Any = 8) -> Dim:
    """The nearest multiple of ``divisor``, at least ``divisor`` and at least 90 % of ``channels``.

    The rounding of the MobileNetV2 authors, which nearly all mobile networks took over.
    """
    nearest = np.maximum(np.floor((np.asarray(channels) + divisor / 2) / divisor) * divisor, divisor)
    return _whole(nearest + divisor * (nearest < 0.9 * np.asarray(channels)))


def whole_multiple(channels: Any, divisor: Any = 8) -> Dim:
    """``channels`` rounded up to a multiple of ``divisor``."""
    return _whole(np.ceil(np.asarray(channels) / divisor - 1e-9) * divisor)


def _whole(values: Any) -> Dim:
    whole = np.asarray(values).astype(np.int64)
    return whole if whole.ndim else int(whole)
