"""Columns: each is declared once, with its unit and meaning, where its table is defined."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""A column: shape ``(ops, points)``, where ``points`` is 1 unless a design space is swept."""


@dataclass(frozen=True)
class Column:
    """What a column holds."""

    name: str
    unit: str
    meaning: str


def column(unit: str, meaning: str) -> Any:
    """Declare a column as a dataclass field."""
    return field(metadata={"unit": unit, "meaning": meaning})


def columns_of(table: type) -> tuple[Column, ...]:
    """The declared columns of a table, in order."""
    return tuple(
        Column(f.name, f.metadata["unit"], f.metadata["meaning"]) for f in fields(table) if "unit" in f.metadata
    )


def stack(values: list[Any]) -> Array:
    """One column out of a value per op: numbers, or arrays with one value per point."""
    try:
        return np.array(values, dtype=np.float64).reshape(len(values), -1)
    except ValueError:  # numbers beside arrays
        return np.stack(np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in values)))
