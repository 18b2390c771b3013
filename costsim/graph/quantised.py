"""What is said of a network whose file is quantised: how to see its cost in int8, where the device runs int8."""

from __future__ import annotations

from collections.abc import Collection, Sequence

QUANTISED = "the file is quantised to int8"
"""The note of importers; what to do about it depends on the device."""


def with_advice(notes: Sequence[str], dtype: str, dtypes: Collection[str]) -> tuple[str, ...]:
    """The notes of a network that is priced in ``dtype`` on a device that runs ``dtypes``."""
    if "int8" in dtypes:
        advice = f"{QUANTISED} and priced in {dtype}: give dtype int8 (--dtype int8) for what it costs as it is"
    else:
        advice = f"{QUANTISED}; the device runs no int8, so it is priced in {dtype}"
    said = [advice if note == QUANTISED else note for note in notes]
    return tuple(note for note in said if not (note == advice and dtype == "int8"))
