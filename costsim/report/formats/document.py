"""The JSON document of an analysis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from costsim.graph.quantised import layers_in
from costsim.report.formats.stamped import stamp, stamped_json

if TYPE_CHECKING:
    from costsim.analysis import Analysis
    from costsim.guidelines import Finding
    from costsim.profiled import Beside


def document(analysis: Analysis, findings: Iterable[Finding] | None = None) -> dict[str, Any]:
    """Everything an analysis says, as plain data. Unknown values are null, their reason in ``unknown``.

    ``findings`` are those of the guidelines, which are asked here if nobody did before and it does
    not take minutes.
    """
    from costsim.guidelines.pricing import check, takes_minutes  # pricing takes longer than the analysis itself

    unknown = dict(analysis.unknown)
    if analysis.filled is None:
        unknown["filling_batch"] = "one image at a time fills the device, or the network has a fixed batch"
    if findings is None and takes_minutes(analysis.simulation):
        unknown["guidelines"] = "pricing them takes minutes for this many planned ops: ask costsim check"
    elif findings is None:
        findings = check(analysis.simulation)
    graph, profile, run = (getattr(analysis.simulation, part) for part in ("graph", "profile", "run"))
    return {
        **stamp(),
        "mode": analysis.mode,
        "network": {
            "name": graph.name,
            "source": graph.source,
            "input_shape": [int(d) for d in graph.input_shape],
            "dtype": run.dtype,
            "int8_layers": len(layers_in(graph, "int8")),
            "float_layers": list(layers_in(graph, "float")),
        },
        "hardware": {
            "name": profile.title,
            "family": profile.family,
            "profile": profile.name,
            "runtime": f"{profile.runtime.name} {profile.runtime.version}",
            "threads": run.threads,
            "calibration": analysis.simulation.calibration.record(),
        },
        "trust": analysis.trust.record(),
        "totals": analysis.summary
        | {
            "filling_batch": None if analysis.filled is None else analysis.filled.batch,
            "energy_parts_mj": analysis.energy_parts_mj,
            "measures": analysis.measures,
        },
        "unknown": unknown,
        "memories": [vars(memory) for memory in analysis.memories],
        "layers": analysis.layer_records,
        "blocks": [r | {"measures": analysis.block_measures[r["block"]]} for r in analysis.block_records],
        "stages": [r | {"measures": analysis.stage_measures[r["stage"]]} for r in analysis.stage_records],
        "op_classes": analysis.class_records,
        "guidelines": None if findings is None else [finding.record() for finding in findings],
        "warnings": list(analysis.warnings),
    } | ({} if analysis.beside is None else {"op_profile": _measured(analysis.beside)})


def _measured(beside: Beside) -> dict[str, Any]:
    """What a runtime's profiler says of the whole, and what of it is not matched; an op's time is with its layer."""
    profile = beside.profile
    return {
        "source": profile.source,
        "latency_ms": None if profile.whole_s is None else profile.whole_s * 1e3,
        "ops_ms": profile.ops_s * 1e3,
        "gap_ms": None if profile.gap_s is None else profile.gap_s * 1e3,
        "unmatched": [{"name": op.name, "op": op.kind, "measured_ms": op.seconds * 1e3} for op in beside.unmatched],
        "unmeasured": list(beside.unmeasured),
    }


def to_json(analysis: Analysis) -> str:
    """The document as text."""
    return stamped_json(document(analysis), indent=None)
