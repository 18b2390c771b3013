"""What several documents are made of."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from costsim.measures import MEASURES


class Part(BaseModel):
    """An object of a document; the docstring of a key is its description."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Tool(Part):
    """What wrote the document."""

    name: Literal["costsim"]
    version: str


class Document(Part):
    """What every document begins with."""

    schema_version: Literal[1]
    """Raised when the meaning of a key changes; new keys do not raise it."""
    tool: Tool


Shape = list[int]

Status = Literal["calibrated", "derived", "estimated"]


class Card(Part):
    """The accuracy card of a profile, as far as it speaks for the prediction."""

    status: Literal["calibrated", "derived", "uncalibrated"]
    data: str
    """What was measured, and where that is published."""
    date: str | None
    mean_error_ratio: float | None
    error_of: str | None
    """What the error is of: networks left out of the fit, or those of the fit."""
    within_10_percent_ratio: float | None
    """Share of the measurements that the predictions meet within 10 %."""
    low_ratio: float
    high_ratio: float
    dtypes: list[str]
    """Data types the card speaks for; empty: all without a card of their own."""
    by_dtype: dict[str, Card]


class Trust(Part):
    """How far one prediction can be trusted."""

    status: Status
    """calibrated: on the card; derived: measured near it; estimated: nothing like it was measured."""
    low_ratio: float
    """The 90 % interval begins at this multiple of the prediction."""
    high_ratio: float | None
    """It ends at this one; null where ops without a cost model are in."""
    at_least: bool
    """Ops without a cost model are in: the time has no upper end."""
    reasons: list[str]
    """A sentence for each widening of the card's interval."""


class Counts(Part):
    """What adds up over the layers of a network."""

    params: int
    """Trainable parameters."""
    macs: int
    """Multiply-accumulates."""
    flops: int
    """Twice the multiply-accumulates, and all other arithmetic."""
    mem_access_elems: int
    """Elements of inputs, outputs and weights, once each (the memory access cost of the ShuffleNetV2 paper)."""
    latency_ms: float
    dram_bytes: int
    """Bytes to and from the memory outside the chip."""
    weight_bytes: int
    energy_mj: float | None
    """Null where the profile has no sourced energy per access."""


class Totals(Counts):
    """What one inference of the whole batch costs; null is unknown, never 0."""

    peak_activation_bytes: int
    """Bytes of all maps that are alive together at the worst moment."""
    latency_low_ms: float
    latency_high_ms: float | None
    energy_low_mj: float | None
    energy_high_mj: float | None
    onchip_used_bytes: int | None
    onchip_bytes: int | None
    """Size of the memory on chip."""
    spilled_bytes: int | None
    """What of the network does not fit it."""
    fits: bool | None
    arena_bytes: int | None
    """Of a microcontroller's interpreter."""
    arena_peak: str | None
    arena_memory: str | None
    """The layer at which the arena is fullest."""
    flash_bytes: int | None
    throughput_per_s: float | None
    """Images per second."""
    coverage_ratio: float
    """Share of the layers that have a cost model."""
    bound: str
    """The limit that takes most of the time."""


Measures = create_model(
    "Measures",
    __base__=Part,
    __doc__="The papers' measures; null where there is nothing that one speaks of.",
    **{m.name: (float | None, Field(description=f"{m.equation} ({m.unit})")) for m in MEASURES},  # type: ignore[call-overload]
)


class Finding(Part):
    """What a guideline found, and what it costs on this device."""

    id: str
    severity: Literal["warning", "note", "none"]
    location: str
    message: str
    instruction: str
    """What to change."""
    cost_ms: float | None
    """What following it would save; null where it is not priced."""
    cost_low_ms: float | None
    cost_high_ms: float | None
    evidence: dict[str, object]
    """Numbers and words behind the message, by name."""
