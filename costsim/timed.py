"""What layers take on this machine, summed to the ops of a prediction and put beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from costsim.analysis import Analysis

if TYPE_CHECKING:
    from costsim.reference.measure import Measurement


@dataclass(frozen=True)
class OpTime:
    """One executed op, timed and predicted."""

    name: str
    layers: tuple[str, ...]
    measured_ms: float
    predicted_ms: float


@dataclass(frozen=True)
class Timed:
    """A network timed on this machine beside its prediction."""

    hardware: str
    where: str
    """What was timed, in words."""
    ops: tuple[OpTime, ...]
    """In execution order."""
    measured_ms: float
    """One uninterrupted pass."""
    predicted_ms: float
    noise_ratio: float
    """How far the machine swung while it was timed."""

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {**vars(self), "ops": [vars(op) for op in self.ops]}


def timed(analysis: Analysis, measured: Measurement) -> Timed:
    """The two side by side, op by op."""
    return Timed(
        analysis.hardware,
        measured.where,
        tuple(op_times(analysis, measured)),
        measured.whole.latency_s * 1e3,
        analysis.latency_ms,
        measured.noise_ratio,
    )


def op_times(analysis: Analysis, measured: Measurement) -> list[OpTime]:
    """Each predicted op with the time of its layers; layers that are no op on the device stand under their own name."""
    op_of = {layer: record for record in analysis.layer_records for layer in record["layers"]}
    found: dict[str, OpTime] = {}
    for layer, timing in measured.nodes.items():
        record = op_of.get(layer, {"name": layer, "latency_ms": 0.0})
        name = record["name"]
        sofar = found.get(name, OpTime(name, (), 0.0, record["latency_ms"]))
        found[name] = OpTime(
            name, (*sofar.layers, layer), sofar.measured_ms + timing.latency_s * 1e3, sofar.predicted_ms
        )
    return list(found.values())
