"""What ``sweep`` and ``search`` print."""

from __future__ import annotations

from pydantic import Field

from costsim.report.schemas.parts import Document, Part

Value = float | int | str | bool | None

Point = dict[str, Value]
"""A point by column: its number, its axes, its objectives, its outcome."""


class SweepSummary(Part):
    """All points together."""

    outcomes: dict[str, int]
    """Points that were priced, are impossible, do not fit, or were refused."""
    bounds: dict[str, int]
    """Limit to the points it takes most of the time of."""
    histogram: dict[str, dict[str, int]]
    """Objective to counts by bin."""
    quantiles: dict[str, dict[str, float]]
    """Objective to its quantiles."""
    effect: dict[str, dict[str, dict[str, list[float | None]]]]
    """Objective, axis and value to what was priced there: count, sum, least, most."""
    compared: dict[str, dict[str, object]]
    """Objective and axis to each value held against the others at equal settings."""


class SweepDocument(Document):
    """What ``costsim sweep --format json`` prints."""

    summary: SweepSummary
    best: list[Point]
    pareto: list[Point]
    pareto_by_network: dict[str, list[Point]] = Field(default_factory=dict)
    """The front of each network alone, where there are several."""


class SearchSummary(Part):
    """All candidates together."""

    outcomes: dict[str, int]
    evaluations: int
    combinations: int
    effect: dict[str, object]


class SearchDocument(Document):
    """What ``costsim search --format json`` prints."""

    summary: SearchSummary
    best: list[Point]
    pareto: list[Point]
