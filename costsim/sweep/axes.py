"""Axes: what varies, and the values it takes.

An axis is a list, or a range in text::

    1 .. 4                    whole numbers, both ends in
    0.5 .. 2 step 0.25        by a step
    64 KiB .. 4 MiB log2      doubling
    1 GB/s .. 8 GB/s x 16     so many, evenly
    1 GB/s .. 8 GB/s log x 16 so many, by equal factors
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from costsim.errors import InputError
from costsim.units import UNITS, is_quantity, parse_quantity

_RANGE = re.compile(
    r"(?P<low>.+?)\s*\.\.\s*(?P<high>.+?)(?:\s+(?P<how>log2|log|step\s+\S+))?(?:\s+x\s*(?P<count>\d+))?\s*\Z"
)


@dataclass(frozen=True)
class Axis:
    """A name and its values: numbers in SI units, or words."""

    name: str
    values: tuple[Any, ...]
    unit: str = ""
    """What the numbers were written in, to SI."""

    @property
    def is_numeric(self) -> bool:
        return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in self.values)

    def take(self, indices: np.ndarray) -> np.ndarray:
        """The values at these indices; an array of objects where they are not numbers."""
        return self._column[indices]

    @cached_property
    def _column(self) -> np.ndarray:
        if self.is_numeric:
            return np.array(self.values)
        column = np.empty(len(self.values), dtype=object)
        column[:] = self.values
        return column


def parse_axis(name: str, written: Any) -> Axis:
    """The axis written as a list or a range.

    Raises:
        InputError: an empty list, ends that are no numbers, or a range that does not say how many.
    """
    where = f"axes: {name}"
    if isinstance(written, (list, tuple)):
        if not written:
            raise InputError("has no values", where=where, mend="give at least one")
        return Axis(name, tuple(_value(v) for v in written), _unit(written[0]))
    match = _RANGE.match(str(written))
    if not match:
        return Axis(name, (_value(written),), _unit(written))
    low, high = _number(match["low"], where), _number(match["high"], where)
    if high < low:
        raise InputError(f"'{written}' ends before it begins", where=where, mend="write the lower end first")
    return Axis(name, _range(low, high, match["how"] or "", match["count"], where), _unit(match["low"]))


def _range(low: float, high: float, how: str, count: str | None, where: str) -> tuple[Any, ...]:
    if how == "log2":
        return tuple(low * 2.0**k for k in range(int(np.floor(np.log2(high / low) + 1e-9)) + 1))
    if how.startswith("step"):
        step = _number(how.split()[1], where)
        return tuple(_whole(_decimal(low + k * step)) for k in range(int(np.floor((high - low) / step + 1e-9)) + 1))
    if count is not None:
        space = np.geomspace if how == "log" else np.linspace
        return tuple(float(v) for v in space(low, high, int(count)))
    if how == "log" or not (float(low).is_integer() and float(high).is_integer() and high - low < 10_000):
        raise InputError("does not say how many values", where=where, mend="add 'log2', 'step 0.5' or 'x 16'")
    return tuple(range(int(low), int(high) + 1))


def _value(written: Any) -> Any:
    """Numbers and quantities as SI numbers, lists as tuples, all else as it is."""
    if isinstance(written, str) and is_quantity(written):
        return _number(written, "axes")
    return tuple(written) if isinstance(written, list) else written


def _number(text: str, where: str) -> float:
    if is_quantity(text):
        return parse_quantity(text, _unit(text))
    try:
        return float(text)
    except ValueError:
        raise InputError(f"'{text}' is not a number", where=where, mend="write 64 KiB, 2.2 GB/s or 8") from None


def _unit(written: Any) -> str:
    return next((unit for unit in UNITS if is_quantity(str(written)) and str(written).strip().endswith(unit)), "")


def _whole(value: float) -> Any:
    return int(value) if float(value).is_integer() else value


def _decimal(value: float) -> float:
    """Without the noise of binary sums: 1.45, not 1.4500000000000002."""
    return float(f"{value:.12g}")
