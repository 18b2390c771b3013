"""One network in several data types: which is faster on a device, and what decides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from costsim.analysis import Analysis
from costsim.api import analyze
from costsim.compare.networks import Comparison, difference, signed_milliseconds
from costsim.errors import InputError
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.units import format_milliseconds

NAMED_SHARE = 0.1
"""Of the larger change: a limit that changes by less is not named."""


def compare_dtypes(
    networks: Sequence[Any],
    hw: Sequence[Any],
    dtypes: Sequence[str],
    *,
    names: Mapping[str, str] | None = None,
    **run: Any,
) -> Comparison:
    """One network in every data type on every device, each against those before it, with the limit that decides.

    Raises:
        InputError: several networks, a data type given twice or that a device does not run.
    """
    if len(networks) != 1:
        raise InputError(
            f"{len(dtypes)} data types and {len(networks)} networks", where="compare", mend="name one network"
        )
    if twice := next((d for i, d in enumerate(dtypes) if d in dtypes[:i]), None):
        raise InputError(f"the data type {twice} is given twice", where="--dtype", mend="name each once")
    profiles = [load_profile(h, run.get("settings"), run.get("runtime")) if isinstance(h, str) else h for h in hw]
    size, batch = run.pop("input_size", None), run.pop("batch", None)
    graph = Network(networks[0], input_size=size, batch=batch).graph
    name = (names or {}).get(str(networks[0]), graph.name)
    options = {key: value for key, value in run.items() if key not in ("settings", "runtime")}
    labels = tuple(f"{name} in {dtype}" for dtype in dtypes)
    analyses = {
        (label, profile.name): analyze(graph.renamed(label), profile, dtype=dtype, **options)
        for label, dtype in zip(labels, dtypes, strict=True)
        for profile in profiles
    }
    devices = tuple(profile.name for profile in profiles)
    differences = []
    for (one, before), (other, after) in combinations(zip(dtypes, labels, strict=True), 2):
        for device in devices:
            first, second = analyses[before, device], analyses[after, device]
            differences.append(replace(difference(first, second), why=sentence(first, second, one, other)))
    return Comparison(analyses, labels, devices, tuple(differences), ())


def sentence(first: Analysis, second: Analysis, one: str, other: str) -> str:
    """Whether the second is faster, by how much, and the limits that decide it.

    ``int8 takes 24.1 ms on rpi5, 1.20 times as long as fp16: conversion +6.1 ms, against arithmetic -2.1 ms``
    """
    before, after = by_limit(first), by_limit(second)
    changes = {name: after.get(name, 0.0) - before.get(name, 0.0) for name in {**before, **after}}
    ratio = second.latency_ms / first.latency_ms
    head = f"{other} takes {format_milliseconds(second.latency_ms)} on {second.hardware}"
    if abs(ratio - 1) < 0.005:
        head += f", as long as {one}"
    elif ratio > 1:
        head += f", {ratio:.2f} times as long as {one}"
    else:
        head += f", {1 / ratio:.2f} times faster than {one}"
    least = NAMED_SHARE * max(map(abs, changes.values()), default=0.0)
    named = sorted((c for c in changes.items() if abs(c[1]) > least), key=lambda c: -abs(c[1]))
    deciding = [c for c in named if (c[1] > 0) == (ratio > 1)]
    against = [c for c in named if (c[1] > 0) != (ratio > 1)]
    said = ", ".join(f"{name} {signed_milliseconds(ms)}" for name, ms in deciding[:2])
    if against:
        said += f", against {' and '.join(f'{name} {signed_milliseconds(ms)}' for name, ms in against[:2])}"
    return f"{head}: {said}" if said else head


def by_limit(analysis: Analysis) -> dict[str, float]:
    """Milliseconds by limit, which add up to the latency: overheads as they are, the rest to each op's ceiling."""
    costs = analysis.simulation.costs
    latency_ms = np.asarray(costs.latency_s)[:, 0] * 1e3
    sums: dict[str, float] = {}
    left = latency_ms.copy()
    for name, seconds in costs.overheads.items():
        ms = np.broadcast_to(np.asarray(seconds), (len(left), 1))[:, 0] * 1e3
        sums[name] = float(ms.sum())
        left -= ms
    names = list(costs.ceilings)
    heights = np.array([np.broadcast_to(np.asarray(costs.limits[name]), (len(left), 1))[:, 0] for name in names])
    for index, ms in zip(heights.argmax(axis=0), left, strict=True):
        sums[names[index]] = sums.get(names[index], 0.0) + float(ms)
    return sums
