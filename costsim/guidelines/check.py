"""Running the guidelines over a simulation: price, share out, sort."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from costsim.errors import InputError
from costsim.guidelines.base import (
    Case,
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

NEGLIGIBLE_RATIO = 1e-3
"""Below this share of the latency, a finding costs nothing on this device."""


def check(simulation: Simulation, only: Collection[str] | None = None) -> list[Finding]:
    """All findings of the guidelines (or of those named), costliest first.

    Each counterfactual is priced alone. Where several concern the same ops, the costlier takes
    its share first, so that prices never add up to more than the latency.

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
    evidence = dict(suspicion.evidence)
    cost_ms = None
    try:
        saved_s = suspicion.saved_s() if suspicion.saved_s else _saved_by_edit(case, suspicion)
        cost_ms = _cost_ms(case, saved_s)
        evidence["latency_ms"] = float(case.latency_s[case.rows(suspicion.nodes)].sum()) * 1e3
    except InputError as error:
        evidence["unpriced"] = error.what
    calibration = case.simulation.profile.calibration
    return Finding(
        id=rule_id,
        severity=_severity(case, cost_ms),
        location=suspicion.location,
        message=message_of(rule, evidence),
        cost_ms=cost_ms,
        cost_low_ms=None if cost_ms is None else cost_ms * calibration.low_ratio,
        cost_high_ms=None if cost_ms is None else cost_ms * calibration.high_ratio,
        evidence=evidence,
        nodes=suspicion.nodes,
        edit=suspicion.edit,
    )


def _saved_by_edit(case: Case, suspicion: Suspicion) -> float:
    if suspicion.edit is None:
        raise InputError("nothing that could be priced instead of it")
    return float(case.latency_s.sum() - seconds(case.resimulate(suspicion.edit())).sum())


def _cost_ms(case: Case, saved_s: float) -> float:
    """Zero where the counterfactual is no faster, or by too little to speak of."""
    return saved_s * 1e3 if saved_s > NEGLIGIBLE_RATIO * case.latency_s.sum() else 0.0


def _severity(case: Case, cost_ms: float | None) -> str:
    if not cost_ms:
        return "none"
    return "warning" if cost_ms >= WARNING_RATIO * case.latency_s.sum() * 1e3 else "note"


def _shared_out(case: Case, findings: Iterable[Finding]) -> list[Finding]:
    """Every op's time is claimed at most once; the costliest finding claims first."""
    left_ms = case.latency_s * 1e3
    shared = []
    for finding in sorted(findings, key=_rank):
        rows = case.rows(finding.nodes)
        available = float(left_ms[rows].sum())
        if finding.cost_ms:
            if finding.cost_ms > available:
                finding = finding.with_cost(available)
            left_ms[rows] *= 1 - np.divide(finding.cost_ms, available, where=available > 0, out=np.zeros(()))
        shared.append(finding)
    return shared
