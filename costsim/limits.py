"""Limits on metrics, as text: ``latency_ms < 20``, ``peak_activation_bytes <= 512KiB``, ``macs <= 150M``."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass

from costsim.errors import InputError
from costsim.units import format_count, format_milliseconds, format_quantity, parse_quantity, plausible

COMPARISONS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq}

UNITS = {"ms": ("s", 1e3), "mj": ("J", 1e3), "bytes": ("B", 1.0)}
"""Last word of a metric to the unit a value may carry, and how many of the metric's are one of it."""

COUNTS = {"k": 1e3, "M": 1e6, "G": 1e9}

OTHER_WORDS = {
    "latency": "latency_ms", "time": "latency_ms", "fps": "throughput_per_s", "throughput": "throughput_per_s",
    "ram": "onchip_used_bytes", "sram": "onchip_used_bytes", "memory": "peak_activation_bytes", "flash": "flash_bytes",
    "energy": "energy_mj", "parameters": "params",
}  # fmt: skip
"""What people call metrics, and their names here, which say the unit."""

_ASSERTION = re.compile(r"\s*([\w.@-]+?)\s*(<=|>=|==|<|>)\s*([-+.\deE]+)\s*(\S*)\s*\Z", re.ASCII)


@dataclass(frozen=True)
class Assertion:
    """One limit."""

    text: str
    metric: str
    comparison: str
    limit: float
    """In the metric's own unit."""


def parse_assertion(text: str, where: str = "--assert") -> Assertion:
    """The limit in a text; a value without a unit is in the metric's own.

    Raises:
        InputError: not a comparison, or a unit that does not fit the metric.
    """
    match = _ASSERTION.match(text)
    if not match:
        raise InputError(f"'{text}' is not a limit", where=where, mend="write 'latency_ms < 20'")
    metric, comparison, number, unit = match.groups()
    if metric in OTHER_WORDS:
        raise InputError(f"unknown metric '{metric}'", where=where, mend=f"did you mean {OTHER_WORDS[metric]}?")
    try:
        value = plausible(float(number), number)
    except ValueError:
        raise InputError(f"'{number}' is not a number", where=f"{where} '{text}'") from None
    except InputError as error:
        raise error.at(f"{where} '{text}'") from None
    return Assertion(text.strip(), metric, comparison, _in_metric_unit(metric, value, unit, f"{where} '{text}'"))


def value_of(metric: str, value: float) -> str:
    """A value of a metric with its unit, as people read it: ``26.96 ms``, ``3.02 MiB``, ``145.8 M``."""
    if metric.endswith("_ms"):
        return format_milliseconds(value, digits=4)  # beside a limit that it may just miss
    if metric.endswith("_bytes"):
        return format_quantity(value, "B")
    return f"{value:.4g}" if metric.endswith(("_mj", "_ratio")) else format_count(value)


def _in_metric_unit(metric: str, value: float, unit: str, where: str) -> float:
    word = metric.rsplit("_", 1)[-1]
    if not unit:
        return value
    if word in UNITS:
        base, per_base = UNITS[word]
        try:
            return parse_quantity(f"{value:.17g} {unit}", base) * per_base
        except InputError as error:
            raise error.at(where) from None
    if word == "ratio" and unit == "%":
        return value / 100
    if word in ("macs", "flops", "params", "elems") and unit in COUNTS:
        return value * COUNTS[unit]
    raise InputError(f"'{unit}' is not a unit of {metric}", where=where, mend="leave the unit out")
