"""M1: what could lie in a faster memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from costsim.devices import device_for
from costsim.guidelines.base import Case, Suspicion, seconds


def memory_placement(case: Case) -> Iterator[Suspicion]:
    """{memory} would hold {what}.

    Parts have memories of several paces: RAM tightly coupled to the core, which answers at once; RAM behind a bus and
    a data cache; flash behind wait states or a serial interface. What a linker script places by default is seldom the
    fastest that has room.

    Priced against the same network on the same part with that setting changed.
    """
    made = case.simulation
    everything = tuple(name for label in made.ops.labels for name in label.layers)
    device = device_for(made.profile)
    for placement in device.placements(made.ops, made.profile, made.run):
        there = replace(made, costs=device.costs(made.ops, placement.profile, made.run))
        saved_s = float((case.latency_s - seconds(there)).sum())
        if saved_s > 0:
            evidence = {"memory": placement.memory, "what": placement.what, "setting": placement.setting}
            place = f"{placement.what.removeprefix('the ')} in {placement.memory}"
            instruction = f"put {placement.what} into {placement.memory}: --set {placement.setting}"
            yield Suspicion(place, everything, evidence, saved_s=partial(float, saved_s), instruction=instruction)
