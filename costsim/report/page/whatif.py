"""What the latency would be with a limit lifted or the device changed, computed beforehand.

The page has no server. So it carries, for the device as it is and for every variant of it, the
latency with each subset of the ceilings lifted. Overheads never overlap with anything: what they
take is a sum, and lifting one subtracts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from costsim.devices import RunConfig, device_for
from costsim.errors import CostsimError
from costsim.hardware import Profile
from costsim.hardware.vary import vary
from costsim.report.page.knobs import memory_fields
from costsim.simulate import Simulation, simulate
from costsim.units import counted

if TYPE_CHECKING:
    from costsim.analysis import Analysis

Record = dict[str, Any]

MOST_CEILINGS = 6
"""Ceilings that can be lifted together in any combination: 2 to the power of it are computed."""

MOST_OPS_REPLANNED = 2500
"""Above it a new buffer plan takes seconds; a page would need one for every variant and finding."""

NEGLIGIBLE_RATIO = 1e-4
"""Limits below this share of the time are not offered."""


def what_if(analysis: Analysis) -> Record:
    """Names of the limits that can be lifted, and per variant their latencies.

    ``ceilings_ms`` of a variant is indexed by the bits of the lifted ceilings; ``overheads_ms``
    is what each overhead adds.
    """
    now = analysis.simulation
    ceilings, overheads = _worth_lifting(now)
    variants = [_priced("as it is", now, ceilings, overheads)]
    for name, simulation in _variants(now):
        variants.append(_priced(name, simulation, ceilings, overheads))
    return {
        "ceilings": ceilings,
        "overheads": overheads,
        "variants": variants,
        "single": _single(ceilings, overheads, variants),
    }


def too_long_to_replan(simulation: Simulation) -> bool:
    """Whether the page leaves out what needs other buffer plans."""
    return simulation.ops.plan is not None and len(simulation.ops) > MOST_OPS_REPLANNED


def latency_ms(variant: Record, lifted_ceilings: int = 0, lifted_overheads: tuple[int, ...] = ()) -> float:
    """The latency of a variant with some limits lifted: what the page computes too."""
    kept = [ms for i, ms in enumerate(variant["overheads_ms"]) if i not in lifted_overheads]
    return variant["ceilings_ms"][lifted_ceilings] + variant["rest_ms"] + sum(kept)


def _worth_lifting(simulation: Simulation) -> tuple[list[str], list[str]]:
    costs = simulation.costs
    least_s = NEGLIGIBLE_RATIO * costs.latency_s[:, 0].sum()
    total_s = {name: _total_s(array, simulation) for name, array in costs.limits.items()}
    ceilings = sorted((n for n in costs.ceilings if total_s[n] > least_s), key=lambda n: -total_s[n])[:MOST_CEILINGS]
    return ceilings, [n for n in costs.overheads if total_s[n] > least_s]


def _variants(now: Simulation) -> Iterator[tuple[str, Simulation]]:
    """More threads, other data types, twice the bandwidth and size of every memory."""
    if too_long_to_replan(now):
        return
    profile, run = now.profile, now.run
    counts = {2**e for e in range(10) if 2**e < profile.max_threads} | {profile.max_threads}
    changed: list[tuple[str, Profile, RunConfig]] = [
        (counted(n, "thread"), profile, RunConfig(run.dtype, n)) for n in sorted(counts - {run.threads})
    ]
    changed += [
        (dtype, profile, RunConfig(dtype, run.threads)) for dtype in profile.runtime.dtypes if dtype != run.dtype
    ]
    changed += [(f"{name} x2", _doubled(profile, paths), run) for name, paths in memory_fields(profile).items()]
    for name, other_profile, other_run in changed:
        try:
            yield name, _again(now, other_profile, other_run)
        except CostsimError:  # a data type this network or device cannot have: not an alternative
            continue


def _again(now: Simulation, profile: Profile, run: RunConfig) -> Simulation:
    """The same ops on a changed device; only another data type lowers the network anew."""
    if run.dtype != now.run.dtype:
        return simulate(now.graph, profile, run, now.ops.caches)
    device = device_for(profile)
    ops = device.plan(replace(now.ops, plans=None), profile, run)
    return Simulation(now.graph, profile, run, ops, device.costs(ops, profile, run))


def _doubled(profile: Profile, paths: list[str]) -> Profile:
    return vary(profile, {path: 2 * profile.value_at(path) for path in paths})


def _priced(name: str, simulation: Simulation, ceilings: list[str], overheads: list[str]) -> Record:
    costs = simulation.costs
    lifted = [
        {c for bit, c in enumerate(ceilings) if mask >> bit & 1} | set(costs.overheads)
        for mask in range(2 ** len(ceilings))
    ]
    overheads_ms = [_total_s(costs.overheads[o], simulation) * 1e3 for o in overheads]
    every_overhead_ms = sum(_total_s(array, simulation) for array in costs.overheads.values()) * 1e3
    return {
        "name": name,
        "ceilings_ms": [float(costs.without(names)[:, 0].sum()) * 1e3 for names in lifted],
        "overheads_ms": overheads_ms,
        "rest_ms": max(every_overhead_ms - sum(overheads_ms), 0.0),
    }


def _total_s(array: Any, simulation: Simulation) -> float:
    costs = simulation.costs
    return float((array + 0 * costs.latency_s)[:, 0].sum())


def _single(ceilings: list[str], overheads: list[str], variants: list[Record]) -> list[Record]:
    """Every change on its own, the one that pays most first."""
    now, *changed = variants
    rows = [("as it is", latency_ms(now))]
    rows += [(f"without {name}", latency_ms(now, 1 << bit)) for bit, name in enumerate(ceilings)]
    rows += [(f"without {name}", latency_ms(now, 0, (i,))) for i, name in enumerate(overheads)]
    rows += [(variant["name"], latency_ms(variant)) for variant in changed]
    changes: list[Record] = [{"change": name, "ms": ms, "speedup": _ratio(latency_ms(now), ms)} for name, ms in rows]
    return [changes[0], *sorted(changes[1:], key=lambda r: r["ms"])]


def _ratio(before_ms: float, after_ms: float) -> float | None:
    return before_ms / after_ms if after_ms else None
