"""The one door for device families, profiles, networks, importers, guidelines and reports, built in or not.

Each is an entry point of an installed package; costsim's own are declared in its pyproject.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, NamedTuple

from costsim.errors import InputError, unknown_name
from costsim.kept import kept, short, stamp

DEVICES = "costsim.devices"
PROFILES = "costsim.profiles"
NETWORKS = "costsim.networks"
IMPORTERS = "costsim.importers"
GUIDELINES = "costsim.guidelines"
REPORTS = "costsim.reports"
"""Forms of an analysis. What another verb prints has its forms in the group behind a dot: ``costsim.reports.check``."""


class Plugin(NamedTuple):
    """An entry point."""

    group: str
    name: str
    value: str
    """Where its object is: ``package.module:name``."""

    def load(self) -> Any:
        """The object, whose module is imported."""
        return resolve_name(self.value.partition("[")[0].strip())


@cache
def _all_plugins() -> list[Plugin]:
    """Those of every package on the path.

    Reading the metadata of all packages takes as long as an analysis. So what it holds of costsim is kept, until
    something is installed or removed: that changes the folder it lies in, which is how ``importlib.metadata`` itself
    knows.
    """
    folders = [folder for folder in sys.path if Path(folder).exists()]
    found = kept(f"plugins-{short(sys.version, folders)}", stamp(*folders), _registered)
    return [Plugin(*point) for point in found]


def _registered() -> list[tuple[str, str, str]]:
    from importlib.metadata import entry_points

    points = entry_points()
    groups = (group for group in points.groups if group.startswith("costsim."))
    return [(group, point.name, point.value) for group in groups for point in points.select(group=group)]


@cache
def plugins(group: str) -> dict[str, Plugin]:
    """Registered plug-ins of a group by name; a name registered twice is refused."""
    found: dict[str, Plugin] = {}
    for point in _all_plugins():
        if point.group != group:
            continue
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
