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


def check_fits(ops: OpTable, profile: McuProfile) -> None:
    """Refuse a table of one network and point that the part cannot hold.

    Raises:
        DoesNotFitError: the arena is larger than SRAM, or weights and code than flash.
    """
    held, memory = occupancy(ops, profile.runtime), profile.hardware.memory
    flash_size, sram_size = (float(np.min(part.size_bytes)) for part in (memory.flash, memory.sram))
    if held.flash_bytes > flash_size:
        raise DoesNotFitError(
            f"{_size(held.flash_bytes)} of weights and code, {profile.name} has {_size(flash_size)} of flash"
        )
    if held.sram_bytes > sram_size:
        raise DoesNotFitError(
            f"{_arena(ops, held)}, {profile.name} has {_size(sram_size)} of SRAM", lambda: _others(ops, profile)
        )


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
