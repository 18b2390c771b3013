"""The memories of a profile, found by the names of its fields: what a reader may want to turn."""

from __future__ import annotations

from costsim.hardware import Profile

OFF_CHIP = ("dram", "flash")
"""Their size is no limit that a plan works with."""


def memory_fields(profile: Profile) -> dict[str, list[str]]:
    """``dram bandwidth``, ``onchip size``: the dotted paths of the numbers behind each."""
    fields: dict[str, list[str]] = {}
    for path in profile.provenance:
        words = path.split(".")
        if words[:2] != ["hardware", "memory"] or len(words) < 4 or not profile.value_at(path):
            continue
        level, field = words[2], words[3]
        if "bandwidth" in field:
            fields.setdefault(f"{level} bandwidth", []).append(path)
        elif field == "size" and level not in OFF_CHIP:
            fields.setdefault(f"{level} size", []).append(path)
    return fields
