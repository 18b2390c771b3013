"""Many networks on one device, each with its counts and its measures, put in order by any of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from costsim.api import analyze
from costsim.errors import DoesNotFitError, unknown_name
from costsim.hardware import Profile, load_profile
from costsim.measures import BY_NAME

Record = dict[str, Any]

COUNTS = ("params", "macs", "latency_ms")
"""What is told of every network besides its measures."""

SORTABLE = (*COUNTS, *BY_NAME)


def survey(networks: Iterable[str], hw: str | Path | Profile) -> list[Record]:
    """Counts, latency and all measures of each network, as the device executes it; None where it does not fit.

    Raises:
        InputError: no such network or device.
    """
    profile = hw if isinstance(hw, Profile) else load_profile(hw)
    return [_record(network, profile) for network in networks]


def _record(network: str, profile: Profile) -> Record:
    record: Record = {"name": network, "hardware": profile.name}
    try:
        analysis = analyze(network, profile)
    except DoesNotFitError:
        return record | dict.fromkeys(COUNTS) | {"measures": dict.fromkeys(BY_NAME)}
    counts = {name: analysis.summary[name] for name in COUNTS}
    return record | counts | {"measures": analysis.measures}


def value_of(record: Record, name: str) -> float | None:
    """A count or measure of one network."""
    found: float | None = record[name] if name in COUNTS else record["measures"][name]
    return found


def sort_key(by: str) -> str:
    """The count or measure that ``NAME`` or ``-NAME`` asks for; the beginning of a name will do where only one has it.

    Raises:
        InputError: neither a count nor a measure has this name.
    """
    name = by.removeprefix("-")
    begun = [known for known in SORTABLE if known.startswith(name)]
    if name in SORTABLE:
        return name
    if len(begun) == 1:
        return begun[0]
    raise unknown_name("measure", name, SORTABLE, where="--sort")


def ordered(records: Sequence[Record], by: str) -> list[Record]:
    """The records by a count or measure, the smallest first, or the largest for ``-NAME``; those without it last.

    Raises:
        InputError: neither a count nor a measure has this name.
    """
    name = sort_key(by)
    sign = -1.0 if by.startswith("-") else 1.0

    def place(record: Record) -> tuple[bool, float]:
        value = value_of(record, name)
        return value is None, 0.0 if value is None else sign * value

    return sorted(records, key=place)
