"""The one door for device families, profiles, networks, importers, guidelines and reports, built in or not.

Each is an entry point of an installed package; costsim's own are declared in its pyproject.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from costsim.errors import InputError, unknown_name

DEVICES = "costsim.devices"
PROFILES = "costsim.profiles"
NETWORKS = "costsim.networks"
IMPORTERS = "costsim.importers"
GUIDELINES = "costsim.guidelines"
REPORTS = "costsim.reports"
"""Forms of an analysis. What another verb prints has its forms in the group behind a dot: ``costsim.reports.check``."""


@cache
def _all_entry_points() -> Any:
    return entry_points()  # reads every installed package's metadata: once is enough


@cache
def plugins(group: str) -> dict[str, EntryPoint]:
    """Registered plug-ins of a group by name; a name registered twice is refused."""
    found: dict[str, EntryPoint] = {}
    for point in _all_entry_points().select(group=group):
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            raise InputError(
                f"'{point.name}' is registered twice: {other.value} and {point.value}",
                where=group,
                mend="uninstall one of the two packages",
            )
    return found


def reports_of(verb: str) -> str:
    """The group of the forms in which ``verb`` prints its result."""
    return f"{REPORTS}.{verb}"


def load_plugin(group: str, name: str, kind: str) -> Any:
    """The object a plug-in registers under ``name``.

    Raises:
        InputError: nothing of that name is registered.
    """
    found = plugins(group)
    if name not in found:
        raise unknown_name(kind, name, found)
    return found[name].load()
