"""The memories and the array of a profile, found by the names of its fields: what a reader may want to change."""

from __future__ import annotations

from costsim.hardware import Profile
from costsim.hardware.roles import Role, memories


def memory_fields(profile: Profile) -> dict[str, list[str]]:
    """``dram bandwidth``, ``onchip size``: the dotted paths of the numbers behind each."""
    fields: dict[str, list[str]] = {}
    off_chip = memories(profile, Role.OFF_CHIP)  # their size is no limit that a plan works with
    for path in profile.provenance:
        words = path.split(".")
        if words[:2] != ["hardware", "memory"] or len(words) < 4 or not profile.value_at(path):
            continue
        level, field = words[2], words[3]
        if "bandwidth" in field:
            fields.setdefault(f"{level} bandwidth", []).append(path)
        elif field == "size" and level not in off_chip:
            fields.setdefault(f"{level} size", []).append(path)
    return fields


ARRAY_SIDES = ("atomic_c", "atomic_k", "rows", "cols")


def array_fields(profile: Profile) -> dict[str, list[str]]:
    """The sides of an array of multipliers, where nothing else of the profile states their product."""
    if "hardware.array.macs_per_cycle" in profile.provenance:
        return {}
    sides = [path for side in ARRAY_SIDES if (path := f"hardware.array.{side}") in profile.provenance]
    return {"array": sides} if sides else {}
