"""Finding device families: all come in by the entry-point group ``costsim.devices``."""

from __future__ import annotations

from typing import Any

from costsim.devices.base import DeviceModel
from costsim.hardware.profile import Profile
from costsim.plugins import DEVICES, load_plugin, plugins


def families() -> list[str]:
    """Names of all registered families."""
    return sorted(plugins(DEVICES))


def device_for(profile: Profile) -> DeviceModel[Any]:
    """The model that prices this profile's family.

    Raises:
        InputError: no such family is registered.
    """
    return load_plugin(DEVICES, profile.family, "device family")()
