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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from costsim.errors import InputError, shortened
from costsim.network import parse_input_size
from costsim.units import UNITS, is_quantity, parse_quantity, plausible

LARGEST_AXIS = 10**6
"""Values of one axis: what more would say can be said by a sample of a step."""

WHOLE = ("batch", "threads", "input_size")
"""Axes whose values are whole numbers."""

WORDS: dict[str, Any] = {"dtype": str, "hw": str, "network": (str, dict)}
"""Axes whose values are names, and how they may be written."""

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
        return Axis(name, tuple(_value(name, v, where) for v in written), _one_unit(written, where))
    match = _RANGE.match(written) if isinstance(written, str) else None
    if not match:
        return Axis(name, (_value(name, written, where),), _unit(written))
    low, high = _number(match["low"], where), _number(match["high"], where)
    if high < low:
        raise InputError(f"'{written}' ends before it begins", where=where, mend="write the lower end first")
    unit = _one_unit([match["low"], match["high"]], where)
    values = _range(low, high, match["how"] or "", match["count"], unit, where)
    return Axis(name, tuple(_value(name, v, where) for v in values), unit)


def _range(low: float, high: float, how: str, count: str | None, unit: str, where: str) -> tuple[Any, ...]:
    if how.startswith("log") and low <= 0:
        raise InputError("equal factors from 0 on lead nowhere", where=where, mend="begin above 0")
    if how == "log2":
        return tuple(low * 2.0**k for k in range(int(np.floor(np.log2(high / low) + 1e-9)) + 1))
    if how.startswith("step"):
        written = how.split()[1]
        step = _number(written, where)
        if step <= 0:
            raise InputError(f"a step of {written}", where=where, mend="it is above 0")
        _one_unit([f"1 {unit}", written] if unit else [written], where)
        steps = _few((high - low) / step + 1e-9, where)
        return tuple(_whole(_decimal(low + k * step)) for k in range(steps + 1))
    if count is not None:
        values = _few(float(count), where)
        if not values:
            raise InputError("has no values", where=where, mend="write 'x 2' or more")
        space = np.geomspace if how == "log" else np.linspace
        return tuple(float(v) for v in space(low, high, values))
    if how == "log" or not (float(low).is_integer() and float(high).is_integer() and high - low < 10_000):
        raise InputError("does not say how many values", where=where, mend="add 'log2', 'step 0.5' or 'x 16'")
    return tuple(range(int(low), int(high) + 1))


def _few(values: float, where: str) -> int:
    """The whole number of values, before they are made."""
    if values > LARGEST_AXIS:
        raise InputError(f"has {values:.3g} values", where=where, mend=f"at most {LARGEST_AXIS:,}: take larger steps")
    return int(values)


def _value(name: str, written: Any, where: str) -> Any:
    """Numbers and quantities as SI numbers, lists as tuples, all else as it is.

    Raises:
        InputError: no value, or one that the axis of this name cannot have.
    """
    if isinstance(written, str) and is_quantity(written):
        written = _number(written, where)
    if written is None:
        raise InputError("has an empty value", where=where, mend="leave it out")
    if isinstance(written, (int, float)):
        try:
            plausible(written, written)
        except InputError as error:
            raise error.at(where) from None
    if name in WHOLE:
        return _counted(name, written, where)
    if name in WORDS and not isinstance(written, WORDS[name]):
        raise InputError(f"{shortened(repr(written))} is no {name}", where=where, mend="write a name")
    return tuple(written) if isinstance(written, list) else written


def _counted(name: str, written: Any, where: str) -> Any:
    """A whole number from 1 on, or a size in full where the axis is one: ``3x96x128``."""
    if name == "input_size" and isinstance(written, (list, tuple)):
        written = "x".join(map(str, written))
    if name == "input_size" and isinstance(written, str):
        try:
            parse_input_size(written)
        except InputError as error:
            raise InputError(error.what, where=where, mend=error.mend) from None
        return written
    number = isinstance(written, (int, float)) and not isinstance(written, bool)
    if not number or written != int(written) or not 1 <= written < 2**31:
        raise InputError(f"{shortened(repr(written))} is no {name}", where=where, mend="write a whole number from 1 on")
    return int(written)


def _number(text: str, where: str) -> float:
    try:
        if is_quantity(text):
            return parse_quantity(text, _unit(text))
        return plausible(float(text), text)
    except InputError as error:
        raise error.at(where) from None
    except ValueError:
        raise InputError(
            f"'{shortened(text)}' is not a number", where=where, mend="write 64 KiB, 2.2 GB/s or 8"
        ) from None


def _one_unit(written: Sequence[Any], where: str) -> str:
    """The unit all of them are in."""
    units = {_unit(value): value for value in written}
    if len(units) > 1:
        one, other = (shortened(value) for value in list(units.values())[:2])
        raise InputError(f"{one} and {other} are not of one unit", where=where, mend="write all in the same")
    return next(iter(units))


def _unit(written: Any) -> str:
    return next((unit for unit in UNITS if is_quantity(str(written)) and str(written).strip().endswith(unit)), "")


def _whole(value: float) -> Any:
    return int(value) if float(value).is_integer() else value


def _decimal(value: float) -> float:
    """Without the noise of binary sums: 1.45, not 1.4500000000000002."""
    return float(f"{value:.12g}")
