"""What ``validate``, ``verify``, ``reproduce``, ``reconcile`` and ``guidelines`` print."""

from __future__ import annotations

from typing import Literal

from costsim.report.schemas.parts import Document, Part, Shape

Verdict = Literal["holds", "holds in direction only", "does not hold here", "not judged"]


class MeasuredProfile(Part):
    profile: str
    name: str


class Case(Part):
    """A measurement, and what is predicted of it."""

    name: str
    threads: int
    macs: float
    measured_s: float
    predicted_s: float
    low_s: float
    high_s: float
    ruled_by: str
    """The limit with the largest share of the predicted time."""
    error_ratio: float
    """Predicted over measured, less one."""
    covered: bool
    """The measurement lies in the stated interval."""


class Errors(Part):
    """Relative errors of some predictions."""

    count: int
    mean_ratio: float
    median_ratio: float
    within_10_percent_ratio: float


class ValidationSummary(Errors):
    noise_ratio: float | None
    """How far measurements of one network lie apart."""
    unseen_families: Errors | None
    coverage_ratio: float
    """Share of the measurements inside their interval."""
    swapped_pairs: int
    pairs: int
    rank_correlation: float | None


class ValidateDocument(Document):
    """What ``costsim validate --format json`` prints."""

    hardware: MeasuredProfile
    dtype: str
    against: str
    cases: list[Case]
    summary: ValidationSummary


class Counted(Part):
    """What one side makes of a layer."""

    shape: Shape | list[Shape]
    params: int
    macs: int


class Peak(Part):
    elems: int
    at: str


class Peaks(Part):
    graph: Peak
    executed: Peak


class JudgedLayer(Part):
    """A layer of the graph, and the same as PyTorch runs it."""

    name: str
    op: str
    agrees: bool
    differences: list[str]
    kernels: int
    graph: Counted
    executed: Counted


class VerifyDocument(Document):
    """What ``costsim verify --format json`` prints."""

    network: str
    agrees: bool
    params: int
    macs: int
    kernels: int
    branches: int
    peak_elems: Peaks
    outputs: dict[str, object] | None
    """What came out of the companion beside the original, layer by layer."""
    outputs_missing: str | None
    """Why the outputs are not held."""
    layers: list[JudgedLayer]
    measured: dict[str, object] | None
    """Times of the layers on a machine, beside the predicted ones."""


class Reproduced(Part):
    """A published value, and the same computed."""

    label: str
    published: float | None
    computed: float | None
    """Null where the device cannot run the network."""
    verdict: Verdict
    published_ratio: float | None
    """Over the table's base row."""
    computed_ratio: float | None


class ReproducedTable(Part):
    title: str
    unit: str
    tolerance_ratio: float
    hw: str | None
    note: str
    verdict: Verdict
    rows: list[Reproduced]


class Cell(Part):
    verdict: Verdict
    found: str


class Claim(Part):
    """A sentence of the paper, and what is found."""

    text: str
    found: str
    verdict: Verdict


class ReproduceDocument(Document):
    """What ``costsim reproduce --format json`` prints."""

    name: str
    title: str
    source: str
    tables: list[ReproducedTable]
    matrix: dict[str, dict[str, Cell]] | None
    """Device and claim to the verdict."""
    claims: list[Claim]
    notes: list[str]


class ConventionCount(Part):
    """What one way of counting makes of the network."""

    convention: str
    used_by: str
    count: int
    printed: float
    unit: str
    excess: int
    """Over the exact multiply-accumulates."""
    rule: str


class ReconcileDocument(Document):
    """What ``costsim reconcile --format json`` prints."""

    network: str
    params: int
    macs: int
    rows: list[ConventionCount]
    terms: dict[str, int]
    """What there is to count, by name."""


class MeasuredWorth(Part):
    """What measurements say of a measure."""

    rank_correlation: float
    explained_ratio: float
    predicted_rank_correlation: float
    predicted_explained_ratio: float
    networks: int
    families: int
    run: str
    source: str


class Price(Part):
    """What one unit more of a measure costs on the device."""

    measure: str
    guideline: str
    per: str
    price_ms: float | None
    low_ms: float | None
    high_ms: float | None
    price_ratio: float | None
    pairs: int
    slower: int
    measured: MeasuredWorth | None


class GuidelinesDocument(Document):
    """What ``costsim guidelines --hw HW --format json`` prints."""

    hardware: str
    family: str
    dtype: str
    threads: int
    measures: list[Price]
    notes: list[str]
