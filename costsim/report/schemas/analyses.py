"""What ``analyze`` and ``check`` print."""

from __future__ import annotations

from typing import Literal

from costsim.report.schemas.decisions import Advice
from costsim.report.schemas.parts import Card, Counts, Document, Finding, Measures, Part, Shape, Totals, Trust


class NetworkOfAnalysis(Part):
    """The network that was analysed."""

    name: str
    source: str
    """zoo, onnx, torch, tflite, ncnn, json or python."""
    input_shape: Shape
    dtype: str


class HardwareOfAnalysis(Part):
    """The device, and how it is run."""

    name: str
    family: str
    profile: str
    """The name ``--hw`` takes."""
    runtime: str
    threads: int
    calibration: Card


class MeasuredTotals(Totals):
    """Totals with the papers' measures."""

    measures: Measures
    energy_parts_mj: dict[str, float] | None
    """Energy by what it is spent on."""
    filling_batch: int | None
    """The batch at which throughput comes within a tenth of its best; null on devices that one image fills."""


class HeldMemory(Part):
    """A memory of the device, or a bank of one."""

    name: str
    used_bytes: float
    """What the network takes of it at most."""
    size_bytes: float


class Layer(Counts):
    """One executed op; what the runtime fuses is one."""

    name: str
    op: str
    op_class: str
    block: str
    """Dotted path of the block it belongs to."""
    layers: list[str]
    """Layers of the network that run in it."""
    output_shape: Shape
    intensity: float | None
    """Multiply-accumulates per element of memory access."""
    bound: str
    near_bounds: list[str]
    """Limits within a few percent of the bound."""
    ceilings_ms: dict[str, float]
    """What each limit alone would cost."""
    share_ratio: float


class Sum(Counts):
    """Layers summed."""

    ops: int
    share_ratio: float


class Block(Sum):
    block: str
    measures: Measures


class Stage(Sum):
    stage: str
    """The outermost part of the blocks' path."""
    measures: Measures


class OpClass(Sum):
    op_class: str


class Analysis(Part):
    """What one network costs on one device, and why."""

    mode: Literal["predicted"]
    network: NetworkOfAnalysis
    hardware: HardwareOfAnalysis
    trust: Trust
    totals: MeasuredTotals
    unknown: dict[str, str]
    """Name of a value that is null to the reason."""
    memories: list[HeldMemory]
    """What the network must find room in, bank by bank; of accelerators and microcontrollers."""
    layers: list[Layer]
    """In the order they are executed."""
    blocks: list[Block]
    stages: list[Stage]
    op_classes: list[OpClass]
    guidelines: list[Finding] | None
    warnings: list[str]


class AnalyzeDocument(Document, Analysis):
    """What ``costsim analyze --format json`` prints, and ``Analysis.to_dict()`` gives."""


class Cause(Part):
    """Findings with one remedy, and what it saves in all."""

    id: str
    instruction: str
    cost_ms: float | None
    locations: list[str]


class Assertion(Part):
    """A limit, and whether it holds."""

    assertion: str
    metric: str
    value: float
    holds: bool


class OneCheck(AnalyzeDocument):
    """An analysis with what was asserted of it."""

    suppressed_findings: int
    causes: list[Cause]
    assertions: list[Assertion]
    advice: Advice | None
    """What would meet the limits on totals, where one of them does not hold."""


class SeveralChecks(Document):
    """Several networks or devices."""

    checks: list[OneCheck]


CheckDocument = OneCheck | SeveralChecks
