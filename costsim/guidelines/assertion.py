"""Limits for CI: ``latency_ms < 20``, ``peak_activation_bytes <= 512KiB``, ``G2.cost_ms < 1``."""

from __future__ import annotations

import operator
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from costsim.errors import InputError, unknown_name
from costsim.guidelines.base import Finding, guideline_ids
from costsim.units import parse_quantity

COMPARISONS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq}

UNITS = {"ms": ("s", 1e3), "mj": ("J", 1e3), "bytes": ("B", 1.0)}
"""Last word of a metric to the unit a value may carry, and how many of the metric's are one of it."""

COUNTS = {"k": 1e3, "M": 1e6, "G": 1e9}

_ASSERTION = re.compile(r"\s*([\w.@-]+?)\s*(<=|>=|==|<|>)\s*([-+.\deE]+)\s*(\S*)\s*\Z")


@dataclass(frozen=True)
class Assertion:
    """One limit."""

    text: str
    metric: str
    comparison: str
    limit: float
    """In the metric's own unit."""


@dataclass(frozen=True)
class Verdict:
    """An assertion and the value it met."""

    assertion: Assertion
    value: float

    @property
    def holds(self) -> bool:
        return bool(COMPARISONS[self.assertion.comparison](self.value, self.assertion.limit))

    def __str__(self) -> str:
        word = "holds" if self.holds else "does not hold"
        return f"'{self.assertion.text}' {word}: {self.assertion.metric} is {self.value:.6g}"


def parse_assertion(text: str) -> Assertion:
    """The limit in a text; a value without a unit is in the metric's own.

    Raises:
        InputError: not a comparison, or a unit that does not fit the metric.
    """
    match = _ASSERTION.match(text)
    if not match:
        raise InputError(f"'{text}' is not an assertion", where="--assert", mend="write 'latency_ms < 20'")
    metric, comparison, number, unit = match.groups()
    try:
        value = float(number)
    except ValueError:
        raise InputError(f"'{number}' is not a number", where=f"--assert '{text}'") from None
    return Assertion(text.strip(), metric, comparison, _in_metric_unit(metric, value, unit, f"--assert '{text}'"))


def _in_metric_unit(metric: str, value: float, unit: str, where: str) -> float:
    word = metric.rsplit("_", 1)[-1]
    if not unit:
        return value
    if word in UNITS:
        base, per_base = UNITS[word]
        try:
            return parse_quantity(f"{value!r} {unit}", base) * per_base
        except InputError as error:
            raise error.at(where) from None
    if word == "ratio" and unit == "%":
        return value / 100
    if word in ("macs", "flops", "params", "elems") and unit in COUNTS:
        return value * COUNTS[unit]
    raise InputError(f"'{unit}' is not a unit of {metric}", where=where, mend="leave the unit out")


def judge(
    assertion: Assertion, totals: Mapping[str, Any], unknown: Mapping[str, str], findings: Collection[Finding]
) -> Verdict:
    """Hold an assertion against the totals, or a guideline's ``cost_ms`` or ``count``.

    Raises:
        InputError: an unknown metric, or one that is not known for this device.
    """
    metric = assertion.metric
    if "." in metric:
        return Verdict(assertion, _of_guideline(metric, findings))
    numbers = [name for name, value in totals.items() if value is None or isinstance(value, (int, float))]
    if metric not in numbers:
        raise unknown_name("metric", metric, [*numbers, "G2.cost_ms", "G2.count"], where="--assert")
    if totals[metric] is None:
        raise InputError(f"{metric} is not known: {unknown.get(metric, 'no value')}", where="--assert")
    return Verdict(assertion, float(totals[metric]))


def _of_guideline(metric: str, findings: Collection[Finding]) -> float:
    """``G2.cost_ms`` or, in one place only, ``G2@stage3.cost_ms``."""
    key, quantity = metric.rsplit(".", 1)
    rule_id, _, location = key.partition("@")
    if rule_id not in guideline_ids():
        raise unknown_name("guideline", rule_id, guideline_ids(), where="--assert")
    meant = [f for f in findings if f.id == rule_id and location in ("", f.location)]
    if quantity == "cost_ms":
        return sum(f.cost_ms or 0.0 for f in meant)
    if quantity == "count":
        return float(sum(bool(f.cost_ms) for f in meant))
    raise unknown_name("metric", metric, [f"{key}.cost_ms", f"{key}.count"], where="--assert")
