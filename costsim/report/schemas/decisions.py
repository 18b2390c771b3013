"""What ``advise``, ``compare``, ``diff`` and ``predict`` print."""

from __future__ import annotations

from typing import Literal

from costsim.report.schemas.parts import Card, Document, Part, Shape, Totals, Trust


class Edit(Part):
    """One thing to change."""

    kind: str
    change: str
    """The instruction."""


class Suggestion(Part):
    """Changes that were carried out and priced together."""

    changes: list[Edit]
    asks_for: str
    """What it asks of the network's weights, and so of its accuracy."""
    macs_kept_ratio: float
    params_kept_ratio: float
    shortfall_ratio: float
    """How far the worst target is from being met, as a share of its limit; 0: all are met."""
    score: float | None
    """What a scoring function of the user's says of the changed network; null without one."""
    input_shape: Shape
    runtime: str
    dtype: str
    threads: int
    totals: Totals


class Advice(Part):
    """What to change of a network so that targets are met."""

    network: str
    hw: str
    targets: list[str]
    met: bool
    """It meets them as it is."""
    totals: Totals | None
    """Of the network as it is; null where it does not fit the device."""
    suggestions: list[Suggestion]
    """The cheapest loss first."""
    nearest: Suggestion | None
    """What comes nearest, where nothing meets the targets."""
    priced: int
    """Changed networks that were priced."""


class AdviseDocument(Document, Advice):
    """What ``costsim advise --format json`` prints."""


class TotalsOfPair(Totals):
    network: str
    hw: str
    trust: Trust


class Contribution(Part):
    """What one kind of op in one part adds to a difference."""

    part: str
    op_class: str
    difference_ms: float


class Difference(Part):
    """One network's latency less the first's."""

    first: str
    second: str
    hw: str
    difference_ms: float
    summary: str
    parts_ms: dict[str, float]
    contributions: list[Contribution]
    """They add up to the difference; the largest first."""


class Flip(Part):
    """Two networks that change places between two devices."""

    faster_here: str
    faster_there: str
    here: str
    there: str
    why: str


class CompareDocument(Document):
    """What ``costsim compare --format json`` prints."""

    networks: list[str]
    devices: list[str]
    totals: list[TotalsOfPair]
    differences: list[Difference]
    flips: list[Flip]


class DifferenceByMeasure(Part):
    """A second network beside the first on one device, and which measure explains the difference between them."""

    first: str
    second: str
    hw: str
    difference_ms: float
    """Of the second over the first."""
    macs_ms: float
    """What the second's multiply-accumulates alone would make, at the first's pace."""
    rest_ms: float
    """What they leave to be explained."""
    summary: str
    measures: dict[str, tuple[float | None, float | None]]
    """The measure of each guideline, of the first network and of the second; null where it speaks of nothing there."""
    prices_ms: dict[str, tuple[float, float]]
    """What breaking each guideline costs the first network and the second."""
    causes_ms: dict[str, float]
    """The guidelines that explain part of the rest, the largest part first."""


class CompareMeasuresDocument(Document):
    """What ``costsim compare --by-measure --format json`` prints."""

    differences: list[DifferenceByMeasure]
    """Every further network against the first, on every device."""


class ChangedLayer(Part):
    """A layer of the old network, of the new one, or both."""

    status: Literal["same", "changed", "added", "removed"]
    old_name: str | None
    new_name: str | None
    op: str
    op_class: str
    old_ms: float | None
    new_ms: float | None
    difference_ms: float
    why: str


class DeviceDiff(Part):
    """The difference on one device."""

    hw: str
    old: str
    new: str
    old_ms: float
    new_ms: float
    difference_ms: float
    difference_ratio: float
    verdict: Literal["slower", "faster", "unchanged", "~"]
    """``~``: nearer than the model can tell apart."""
    shared_ms: float
    """The part of both times that goes to the same layers."""
    layers: list[ChangedLayer]
    """Those that are not as before, what moves the time most first."""
    regresses: bool | None
    """Surely slower by more than the limit; null without one."""


class DiffDocument(Document):
    """What ``costsim diff --format json`` prints."""

    fail_if: str | None
    devices: list[DeviceDiff]


class HardwareOfList(Part):
    """The device, and how it is run."""

    name: str
    family: str
    profile: str
    runtime: str
    dtype: str
    threads: int
    calibration: Card


class Prediction(Part):
    network: str
    """The entry of the list, as it was given."""
    latency_ms: float | None
    reason: str | None
    """Why there is no latency."""


class PredictDocument(Document):
    """What ``costsim predict --format json`` prints."""

    mode: Literal["predicted"]
    hardware: HardwareOfList
    predictions: list[Prediction]
    """In the order of the list."""
