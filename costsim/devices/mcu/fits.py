"""Whether a network fits a part, what sets its size, and what other ways to run it would give: in words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from costsim.devices.base import Placement
from costsim.devices.mcu.memory import Occupancy, occupancy, other_ways
from costsim.devices.mcu.paces import FLOAT
from costsim.devices.mcu.profile import FLASHES, McuProfile
from costsim.errors import DoesNotFitError
from costsim.tables.optable import OpTable
from costsim.units import format_quantity

_size = partial(format_quantity, unit="B")

SPOKEN = {
    "sram": "SRAM",
    "dtcm": "DTCM",
    "itcm": "ITCM",
    "flash": "flash",
    "external_ram": "external RAM",
    "external_flash": "external flash",
}
"""Memories in words."""

MEMORIES = {"arena_in": ("sram", "dtcm", "external_ram"), "weights_in": FLASHES}
"""Memories that are proposed for what does not fit where it shall lie: a copy of weights in RAM needs flash besides."""


OWN = {"arena_in": ("sram", "dtcm"), "weights_in": ("itcm", "dtcm", "sram")}
"""RAM of the part's own."""


def check_fits(ops: OpTable, profile: McuProfile) -> None:
    """Refuse a table of one network and point that the part cannot hold.

    Raises:
        DoesNotFitError: the arena is larger than the memory it shall lie in, or weights and code than theirs.
    """
    held = occupancy(ops, profile.runtime)
    lack = lacking(held, profile)
    if lack is None:
        return
    what = f"{_wants(ops, held, profile, lack)}, {profile.name} has {_size(_room(profile, lack))} of {SPOKEN[lack]}"
    traits = [trait for trait in ("arena_in", "weights_in") if lack == getattr(profile.runtime, trait)]
    elsewhere = [text for trait in traits if (text := _elsewhere(held, profile, trait))]
    ways = [_others(ops, profile)] if "arena_in" in traits else []
    hints = "; ".join(elsewhere + ways)
    raise DoesNotFitError(what, (lambda: hints) if hints else None)


def lacking(held: Occupancy, profile: McuProfile) -> str | None:
    """The memory of a part that has too little room for a network, if one has: flash before RAM."""
    taken = held.taken_bytes(profile)
    short = (name for name in sorted(taken, key=FLASHES.__contains__, reverse=True))
    return next((name for name in short if taken[name] > _room(profile, name)), None)


def _room(profile: McuProfile, memory: str) -> float:
    """Bytes of a memory; none where the part has no such memory."""
    part = getattr(profile.hardware.memory, memory)
    return 0.0 if part is None else float(np.min(part.size_bytes))


def _wants(ops: OpTable, held: Occupancy, profile: McuProfile, memory: str) -> str:
    """What a network would have a memory hold."""
    if memory in FLASHES:
        return f"{_size(held.flash_bytes)} of weights and code"
    held_there = [_arena(ops, held)] if memory == profile.runtime.arena_in else []
    if memory == profile.runtime.weights_in:
        held_there.append(f"{_size(held.weight_bytes)} of weights")
    return " beside ".join(held_there) or f"{_size(held.described_bytes)} describe its ops"


def _elsewhere(held: Occupancy, profile: McuProfile, trait: str) -> str:
    """How to use another memory of the board that would hold the arena or the weights; nothing where there is none."""
    choices = MEMORIES[trait]
    for memory in choices:
        changed = profile.runtime.model_copy(update={trait: memory})
        taken = held.taken_bytes(profile.model_copy(update={"runtime": changed}))
        if memory != getattr(profile.runtime, trait) and taken[memory] <= _room(profile, memory):
            size = _size(_room(profile, memory))
            return f"its {size} of {SPOKEN[memory]} would hold it: --set runtime.{trait}={memory}"
    return ""


def said_of(ops: OpTable, profile: McuProfile, dtype: str) -> tuple[str, ...]:
    """What the user should know about a table of one network and point."""
    notes = [f"{_arena(ops, occupancy(ops, profile.runtime))}; {_others(ops, profile)}"]
    if dtype == FLOAT and np.all(profile.hardware.soft_float_cycles > 0):
        notes.append(
            f"the {profile.hardware.core} has no FPU: floats are priced in software, "
            f"{float(np.max(profile.hardware.soft_float_cycles)):.0f} cycles a multiply-accumulate beside the loop"
        )
    return tuple(notes)


def _arena(ops: OpTable, held: Occupancy) -> str:
    return f"the arena takes {_size(held.arena_bytes)}, set by {ops.labels[held.peak_row].name}"


def _others(ops: OpTable, profile: McuProfile) -> str:
    """What patches and writing in place would make of the arena."""
    ways: list[str] = []
    for way in other_ways(ops, profile.runtime):
        more = f" for {way.more_macs_ratio:.0%} more multiply-accumulates" if way.more_macs_ratio else ""
        ways.append(f"{_size(way.arena_bytes)} {way.text}{more}")
    return "it would take " + ", ".join(ways) if ways else "neither patches nor writing in place would make it smaller"


def placements_of(ops: OpTable, profile: McuProfile) -> Iterator[Placement]:
    """Memories of the part's own, other than the chosen ones, that would hold the arena or a copy of the weights."""
    held = occupancy(ops, profile.runtime)
    for trait, what in (("arena_in", "the arena"), ("weights_in", "weights")):
        for memory in OWN[trait]:
            runtime = profile.runtime.model_copy(update={trait: memory})
            changed = profile.model_copy(update={"runtime": runtime})
            has = _room(profile, memory) > 0 and memory != getattr(profile.runtime, trait)
            if has and lacking(held, changed) is None:
                yield Placement(what, SPOKEN[memory], f"runtime.{trait}={memory}", changed)
