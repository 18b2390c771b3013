"""Targets: limits on totals, written like the assertions of ``costsim check``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from costsim.errors import InputError, unknown_name
from costsim.limits import COMPARISONS, Assertion, parse_assertion

WHERE = "--target"


def parse_targets(texts: Sequence[str]) -> tuple[Assertion, ...]:
    """The targets in texts like ``latency_ms < 30`` and ``dram_bytes <= 4MiB``.

    Raises:
        InputError: none is given, one is no limit, no total can meet one, or two of them contradict each other.
    """
    if isinstance(texts, str):
        texts = [texts]
    if not texts:
        raise InputError("no target", where=WHERE, mend="write --target 'latency_ms < 30'")
    targets = tuple(parse_assertion(text, WHERE) for text in texts)
    for target in targets:
        if (target.limit < 0 and target.comparison[0] in "<=") or (target.comparison, target.limit) == ("<", 0):
            raise InputError(f"'{target.text}': {target.metric} is never below 0", where=WHERE)
    for index, one in enumerate(targets):
        for other in targets[:index]:
            if one.metric == other.metric and not (_allows(one, other) and _allows(other, one)):
                raise InputError(f"'{other.text}' and '{one.text}' contradict each other", where=WHERE)
    return targets


def _allows(one: Assertion, other: Assertion) -> bool:
    """Whether some value meets both; seen from the limit of ``one``."""
    if one.comparison == "==":
        return COMPARISONS[other.comparison](one.limit, other.limit)
    upper, lower = one.comparison.startswith("<"), other.comparison.startswith(">")
    if not (upper and lower):
        return True
    both_take_it = "=" in one.comparison and "=" in other.comparison
    return one.limit > other.limit or (both_take_it and one.limit == other.limit)


def check_metrics(targets: Collection[Assertion], totals: Mapping[str, Any], unknown: Mapping[str, str]) -> None:
    """Refuse targets on what is no total, or is not known here.

    Raises:
        InputError: such a target.
    """
    for target in targets:
        numbers = [name for name, value in totals.items() if not isinstance(value, str)]
        if target.metric not in numbers:
            raise unknown_name("metric", target.metric, numbers, where=WHERE)
        if totals[target.metric] is None:
            raise InputError(f"{target.metric} is not known: {unknown.get(target.metric, 'no value')}", where=WHERE)


GROWING = ("_ms", "_mj", "_bytes", "_elems")
"""Ends of the names of totals that grow with a network."""


def is_eased(target: Assertion) -> bool:
    """Whether a smaller network can only come nearer to it: an upper limit on what grows with a network."""
    name = target.metric
    if target.comparison.startswith("<"):
        return name in ("params", "macs", "flops") or name.endswith(GROWING)
    return name == "throughput_per_s" and target.comparison.startswith(">")


def shortfall(targets: Collection[Assertion], totals: Mapping[str, Any]) -> float:
    """How far the worst of the targets is from being met, as a share of its limit: 0 where all are met."""
    worst = 0.0
    for target in targets:
        value = totals.get(target.metric)
        if value is None:
            return float("inf")
        if not COMPARISONS[target.comparison](value, target.limit):
            worst = max(worst, abs(value - target.limit) / (abs(target.limit) or 1.0), 1e-12)
    return worst
