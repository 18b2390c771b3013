"""Whether a network fits a part, what sets its size, and what other ways to run it would give: in words."""

from __future__ import annotations

from functools import partial

import numpy as np

from costsim.devices.mcu.memory import Occupancy, occupancy, other_ways
from costsim.devices.mcu.paces import FLOAT
from costsim.devices.mcu.profile import McuProfile
from costsim.errors import DoesNotFitError
from costsim.tables.optable import OpTable
from costsim.units import format_quantity

_size = partial(format_quantity, unit="B")

SPOKEN = {"sram": "SRAM", "flash": "flash", "external_ram": "external RAM", "external_flash": "external flash"}
"""Memories in words."""


def check_fits(ops: OpTable, profile: McuProfile) -> None:
    """Refuse a table of one network and point that the part cannot hold.

    Raises:
        DoesNotFitError: the arena is larger than SRAM, or weights and code than flash.
    """
    held = occupancy(ops, profile.runtime)
    lack = lacking(held, profile)
    if lack is None:
        return
    memory, runtime = getattr(profile.hardware.memory, lack), profile.runtime
    has = f"{profile.name} has {_size(float(np.min(memory.size_bytes)))} of {SPOKEN[lack]}"
    if lack == runtime.weights_in:
        beside = _outside(profile, "external_flash", "weights_in", held.flash_bytes)
        what = f"{_size(held.flash_bytes)} of weights and code, {has}"
        raise DoesNotFitError(what, (lambda: beside) if beside else None)
    beside = _outside(profile, "external_ram", "arena_in", held.arena_bytes)
    what = f"{_arena(ops, held)}, {has}"
    raise DoesNotFitError(what, lambda: f"{_others(ops, profile)}; {beside}" if beside else _others(ops, profile))


def lacking(held: Occupancy, profile: McuProfile) -> str | None:
    """The memory of a part that has too little room for a network, if one has."""
    runtime, memory = profile.runtime, profile.hardware.memory
    in_sram = held.sram_bytes if profile.arena_outside is None else held.described_bytes
    wanted = {runtime.weights_in: held.flash_bytes, "sram": in_sram}
    if profile.arena_outside is not None:
        wanted[runtime.arena_in] = held.arena_bytes
    short = (name for name, size in wanted.items() if size > float(np.min(getattr(memory, name).size_bytes)))
    return next(short, None)


def _outside(profile: McuProfile, memory: str, trait: str, needed_bytes: float) -> str:
    """How to use a memory of the board that would hold what its part cannot; nothing where there is none."""
    part = getattr(profile.hardware.memory, memory)
    if part is None or getattr(profile.runtime, trait) == memory or needed_bytes > float(np.min(part.size_bytes)):
        return ""
    size = _size(float(np.min(part.size_bytes)))
    return f"its {size} of {SPOKEN[memory]} would hold it: --set runtime.{trait}={memory}"


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
