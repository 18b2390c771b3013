"""Running the guidelines over a simulation: price, share out, sort."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from costsim.edit.rewrite import renamed
from costsim.errors import DoesNotFitError, InputError
from costsim.graph import LayerGraph
from costsim.guidelines.base import (
    Case,
    Edit,
    Finding,
    Guideline,
    Suspicion,
    guideline,
    guideline_ids,
    message_of,
    seconds,
)
from costsim.simulate import Simulation

WARNING_RATIO = 0.05
"""From this share of the latency on, a finding is a warning."""

NOTE_RATIO = 0.005
"""From this share on, it is a note; below, next to nothing."""

ZERO_RATIO = 1e-6
"""Below this share, a price is the noise of adding numbers up."""


MOST_PLANNED_OPS = 500
"""Above it a buffer plan can take half a second, and every finding needs one of its own."""


def takes_minutes(simulation: Simulation) -> bool:
    """Whether pricing this network is for those who ask for it, not for a by-product."""
    return simulation.ops.plan is not None and len(simulation.ops) > MOST_PLANNED_OPS


def check(simulation: Simulation, only: Collection[str] | None = None) -> list[Finding]:
    """All findings of the guidelines (or of those named), costliest first.

    Each counterfactual is priced alone. Where several concern the same ops and would save more
    than those take, each gets its share, so that prices never add up to more than the latency.

    Raises:
        InputError: an unknown guideline.
    """
    case = Case(simulation)
    rules = {rule_id: guideline(rule_id) for rule_id in (only if only is not None else guideline_ids())}
    findings = [_priced(case, rule_id, rule, s) for rule_id, rule in rules.items() for s in rule(case)]
    return sorted(_shared_out(case, findings), key=_rank)


def _rank(finding: Finding) -> tuple[float, str]:
    return (-(finding.cost_ms if finding.cost_ms is not None else -1.0), finding.key)


def _priced(case: Case, rule_id: str, rule: Guideline, suspicion: Suspicion) -> Finding:
    evidence = {**suspicion.evidence, "latency_ms": float(case.latency_s[case.rows(suspicion.nodes)].sum()) * 1e3}
    cost_ms, edit = None, suspicion.edit
    try:
        saved_s, edit = _saved_s(case, suspicion)
        cost_ms = min(_cost_ms(case, saved_s), evidence["latency_ms"])  # what it saves elsewhere is not its price
        changed_ms = evidence["latency_ms"] - saved_s * 1e3
        evidence["changed_ms"] = changed_ms if changed_ms > ZERO_RATIO * evidence["latency_ms"] else 0.0
    except DoesNotFitError:
        evidence["unpriced"] = "the changed network does not fit this device"
    except InputError as error:
        evidence["unpriced"] = error.what
    return Finding(
        id=rule_id,
        location=suspicion.location,
        message=message_of(rule, evidence),
        evidence=evidence,
        instruction=suspicion.instruction,
        nodes=suspicion.nodes,
        edit=edit,
        **_price(case, cost_ms),
    )


def _price(case: Case, cost_ms: float | None) -> dict[str, Any]:
    low_ms, high_ms = (None, None) if cost_ms is None else case.simulation.trust.ends(cost_ms)
    return {
        "severity": _severity(case, cost_ms),
        "cost_ms": cost_ms,
        "cost_low_ms": low_ms,
        "cost_high_ms": high_ms,
    }


def _saved_s(case: Case, suspicion: Suspicion) -> tuple[float, Edit | None]:
    """Seconds saved, and the edit that saves them if it is one."""
    try:
        if suspicion.edit is None:
            raise InputError("nothing to price it by")
        changed = case.resimulate(suspicion.edit(case.graph, suspicion.nodes))
        return float(case.latency_s.sum() - seconds(changed).sum()), suspicion.edit
    except InputError:
        if suspicion.saved_s is None:
            raise
        return suspicion.saved_s(), None


def _cost_ms(case: Case, saved_s: float) -> float:
    """Zero where the counterfactual is no faster."""
    return saved_s * 1e3 if saved_s > ZERO_RATIO * case.latency_s.sum() else 0.0


def _severity(case: Case, cost_ms: float | None) -> str:
    total_ms = case.latency_s.sum() * 1e3
    share = (cost_ms or 0.0) / total_ms if total_ms else 0.0
    return "warning" if share >= WARNING_RATIO else "note" if share >= NOTE_RATIO else "none"


def _shared_out(case: Case, findings: list[Finding]) -> list[Finding]:
    """Where findings claim more of an op's time than it takes, each gets its share of it."""
    latency_ms = case.latency_s * 1e3
    claims = np.zeros((len(findings), len(latency_ms)))
    for claim, finding in zip(claims, findings, strict=True):
        rows = case.rows(finding.nodes)
        region_ms = latency_ms[rows].sum()
        if finding.cost_ms and region_ms:
            claim[rows] = latency_ms[rows] * min(1.0, finding.cost_ms / region_ms)
    claimed = claims.sum(axis=0)
    kept = np.minimum(1.0, np.divide(latency_ms, claimed, out=np.ones_like(claimed), where=claimed > 0))
    return [_with_cost(case, f, float(c @ kept)) for f, c in zip(findings, claims, strict=True)]


def _with_cost(case: Case, finding: Finding, cost_ms: float) -> Finding:
    """The finding at its share of the time, if that is less than it costs alone."""
    if not finding.cost_ms or cost_ms > 0.999 * finding.cost_ms:
        return finding
    return replace(
        finding,
        **_price(case, cost_ms),
        evidence={**finding.evidence, "alone_ms": finding.cost_ms},
    )


def apply_findings(graph: LayerGraph, findings: Collection[Finding]) -> LayerGraph:
    """The network with the counterfactuals of several findings, one after the other.

    Raises:
        InputError: a finding has no network to offer, or not after those before it.
    """
    for finding in findings:
        if finding.edit is None:
            raise InputError("has no changed network to write: it is priced otherwise", where=finding.key)
        present = {node.name for node in graph}
        graph = finding.edit(graph, [name for name in finding.nodes if name in present])
    applied = ", ".join(finding.key for finding in findings)
    note = f"{applied} applied to {graph.name}: it costs something else, its accuracy is not known"
    return renamed(graph, notes=(*graph.notes, note))
