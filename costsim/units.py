"""Quantities as text, parsed once at the border into SI floats, and printed back for people.

>>> parse_quantity("1.4 GHz", "Hz")
1400000000.0
>>> parse_quantity("32 KiB", "B")
32768.0
>>> format_quantity(0.0123, "s")
'12.3 ms'
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from costsim.errors import InputError, shortened

DECIMAL = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30}

UNITS = ("B/s", "Hz", "B", "s", "J", "W")
"""The units a profile may use: bytes a second, hertz, bytes, seconds, joules, watts."""

LARGEST = 1e30
"""The largest number that is taken for a quantity, its inverse the smallest: the ends of the SI prefixes, quetta and
quecto. Products and quotients of such numbers stay within double precision."""

_QUANTITY = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*\Z", re.ASCII)


def parse_quantity(text: object, unit: str) -> float:
    """The SI value of ``text``, which must carry a unit of the dimension of ``unit``.

    Raises:
        InputError: no unit, another dimension, an unknown prefix, or not a finite number.
    """
    mend = f"write it like '1.5 {_example(unit)}'"
    if isinstance(text, (int, float)):
        raise InputError(f"{shortened(text)} has no unit", mend=mend)
    match = _QUANTITY.match(str(text))
    if not match:
        raise InputError(f"'{shortened(text)}' is not a quantity", mend=mend)
    number, written = match.groups()
    if not written:
        raise InputError(f"'{shortened(text)}' has no unit", mend=mend)
    if not written.endswith(unit):
        raise InputError(f"'{text}' is not in {unit}", mend=mend)
    prefix = written[: -len(unit)]
    binary_allowed = unit.startswith("B")
    scale = DECIMAL.get(prefix, BINARY.get(prefix) if binary_allowed else None)
    if scale is None or (unit == "B" and scale < 1):
        raise InputError(f"'{written}' is not a unit", mend=mend)
    return plausible(float(number) * scale, text)


def plausible(value: float, written: object) -> float:
    """The value, which must be 0 or of a size that can be reckoned with.

    Raises:
        InputError: not finite, larger than ``LARGEST`` or smaller than its inverse.
    """
    if value and not 1 / LARGEST <= abs(value) <= LARGEST:  # nan is in no range
        size = "is too small" if abs(value) < 1 else "is too large" if abs(value) < math.inf else "is not finite"
        raise InputError(
            f"'{shortened(written)}' {size}", mend=f"write a number between {1 / LARGEST:g} and {LARGEST:g}"
        )
    return value


def is_quantity(text: str) -> bool:
    """Whether the text is a number with a unit."""
    match = _QUANTITY.match(text)
    return bool(match and match[2].endswith(UNITS))


def format_quantity(value: float, unit: str, digits: int = 3) -> str:
    """``value`` (SI) with the prefix people use: KiB and MiB for bytes, decimal for the rest."""
    if unit == "B":
        ladder = [("GiB", 2.0**30), ("MiB", 2.0**20), ("KiB", 2.0**10), ("B", 1.0)]
    else:
        small = [("m", 1e-3), ("u", 1e-6), ("n", 1e-9), ("p", 1e-12)] if unit in ("s", "J", "W") else []
        prefixes = [] if unit == "s" else [("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)]
        ladder = [(prefix + unit, scale) for prefix, scale in [*prefixes, ("", 1.0), *small]]
    if value == 0:
        return f"0 {unit}"
    name, scale = next((step for step in ladder if _reaches(value, step[1], digits)), ladder[-1])
    return f"{round_significant(value / scale, digits)} {name}"


DIGITS = 3
"""Of times: what an interval of a tenth bears."""


def format_milliseconds(value_ms: float, digits: int = DIGITS) -> str:
    """A time as every output shows it, in a smaller unit where that fits: ``63.7 ms``, ``817 us``."""
    return format_quantity(value_ms / 1e3, "s") if value_ms < 1 else f"{round_significant(value_ms, digits)} ms"


def time_column(
    title: str, values_ms: Iterable[float | None], signed: bool = False, unit: str | None = None
) -> tuple[str, list[str]]:
    """A column of times: its head with the unit of all of them, and each with its point under that of the others.

    ``unit`` is that of another column, where there is one: ms or us. All are as wide as the widest.

    >>> time_column("time", [23.81, 0.6684, None])
    ('time [ms]', ['   23.8  ', '    0.668', '    -    '])
    """
    values = list(values_ms)
    unit = unit or unit_of(values)
    texts = ["-" if value is None else _short(value * (1e3 if unit == "us" else 1.0), signed) for value in values]
    padded = under_points(texts)
    head = f"{title} [{unit}]"
    width = max(map(len, [head, *padded]))
    return head.rjust(width), [text.rjust(width) for text in padded]


def under_points(texts: Sequence[str]) -> list[str]:
    """Numbers padded to one width, each with its point under that of the others; units stand where they stood.

    >>> under_points(["13.5", "8", "6.12"])
    ['13.5 ', ' 8   ', ' 6.12']
    """
    parts = [text.partition(".") if " " not in text else (text, "", "") for text in texts]
    before, behind = (max((len(part[side]) for part in parts), default=0) for side in (0, 2))
    no_point = " " if behind else ""
    return [f"{whole:>{before}}{point or no_point}{decimals:<{behind}}" for whole, point, decimals in parts]


def unit_of(values_ms: Iterable[float | None]) -> str:
    """The unit of a column of times: ms, or us where all are below one."""
    largest = max((abs(value) for value in values_ms if value is not None), default=0.0)
    return "us" if 0 < largest < 1 else "ms"


def _short(value: float, signed: bool) -> str:
    """Three digits, and no more than three decimals."""
    sign = "+" if signed and value > 0 else ""
    return sign + (f"{value:.3f}" if 0 < abs(value) < 0.1 else round_significant(value, DIGITS))


def format_count(value: float, digits: int = 4) -> str:
    """A plain count with M or G where it is large: ``145.8 M``."""
    for suffix, scale in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if _reaches(value, scale, digits):
            return f"{round_significant(value / scale, digits)} {suffix}"
    return round_significant(value, digits)


def counted(count: int, noun: str) -> str:
    """``1 thread``, ``4 threads``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _reaches(value: float, scale: float, digits: int) -> bool:
    """Whether the value is one ``scale`` or more once it is rounded: 999.9 us are 1 ms."""
    return float(f"{abs(value) / scale:.{digits}g}") >= 1


def round_significant(value: float, digits: int) -> str:
    """``value`` with ``digits`` significant digits, never in exponent form."""
    text = f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    places = max(0, len(mantissa.partition(".")[2]) - int(exponent))
    return f"{float(text):.{places}f}"


def _example(unit: str) -> str:
    return {"B": "KiB", "B/s": "GB/s", "Hz": "GHz", "s": "us", "J": "pJ"}.get(unit, unit)
