"""What is said of a network whose file is quantised: how to see its cost in int8, where the device runs int8."""

from __future__ import annotations

from collections.abc import Collection, Sequence

QUANTISED = "the file is quantised to int8"
"""The note of importers; what to do about it depends on the device."""

IN_FLOAT = "the file computes in floating point"
"""The note of importers whose formats say so; its network runs so where it is asked for nothing else."""


def dtype_of_file(notes: Collection[str], dtypes: Sequence[str]) -> str | None:
    """The data type a file's network runs in on a device whose runtime has these, int8 first: None leaves it to it."""
    return "fp32" if IN_FLOAT in notes and dtypes[0] == "int8" and "fp32" in dtypes else None


def with_advice(notes: Sequence[str], dtype: str, dtypes: Collection[str]) -> tuple[str, ...]:
    """The notes of a network that is priced in ``dtype`` on a device that runs ``dtypes``."""
    if "int8" in dtypes:
        advice = f"{QUANTISED} and priced in {dtype}: give dtype int8 (--dtype int8) for what it costs as it is"
    else:
        advice = f"{QUANTISED}; the device runs no int8, so it is priced in {dtype}"
    if dtype != "int8":
        notes = [note for note in notes if note != IN_FLOAT]
    elif IN_FLOAT in notes:
        notes = [f"{IN_FLOAT} and is priced in int8, as if it were quantised" if n == IN_FLOAT else n for n in notes]
    said = [advice if note == QUANTISED else note for note in notes]
    return tuple(note for note in said if not (note == advice and dtype == "int8"))
