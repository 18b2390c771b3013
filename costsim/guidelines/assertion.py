"""Limits for CI held against what was found: ``latency_ms < 20``, ``G2.cost_ms < 1``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from costsim.errors import InputError, unknown_name
from costsim.guidelines.base import Finding, guideline_ids
from costsim.limits import COMPARISONS, Assertion, value_of


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
        return (
            f"'{self.assertion.text}' {word}: {self.assertion.metric} is {value_of(self.assertion.metric, self.value)}"
        )


def judge(
    assertion: Assertion,
    totals: Mapping[str, Any],
    unknown: Mapping[str, str],
    findings: Collection[Finding],
    places: Collection[str],
) -> Verdict:
    """Hold an assertion against the totals, or a guideline's ``cost_ms`` or ``count``.

    ``places`` are where the network could have findings: a limit on another place would always hold.

    Raises:
        InputError: an unknown metric or place, or a metric that is not known for this device.
    """
    metric = assertion.metric
    if "." in metric:
        return Verdict(assertion, _of_guideline(metric, findings, places))
    numbers = [name for name, value in totals.items() if value is None or isinstance(value, (int, float))]
    if metric not in numbers:
        raise unknown_name("metric", metric, [*numbers, "G2.cost_ms", "G2.count"], where="--assert")
    if totals[metric] is None:
        raise InputError(f"{metric} is not known: {unknown.get(metric, 'no value')}", where="--assert")
    return Verdict(assertion, float(totals[metric]))


def _of_guideline(metric: str, findings: Collection[Finding], places: Collection[str]) -> float:
    """``G2.cost_ms`` or, in one place only, ``G2@stage3.cost_ms``."""
    key, quantity = metric.rsplit(".", 1)
    rule_id, _, location = key.partition("@")
    if rule_id not in guideline_ids():
        raise unknown_name("guideline", rule_id, guideline_ids(), where="--assert")
    if location and location not in places:
        raise unknown_name("place", location, places, where="--assert")
    meant = [f for f in findings if f.id == rule_id and location in ("", f.location)]
    if quantity == "cost_ms":
        return sum(f.cost_ms or 0.0 for f in meant)
    if quantity == "count":
        return float(sum(bool(f.cost_ms) for f in meant))
    raise unknown_name("metric", metric, [f"{key}.cost_ms", f"{key}.count"], where="--assert")
