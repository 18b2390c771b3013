"""Design-space sweeps: networks, devices and run settings as axes, priced in chunks."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from costsim.sweep.run import sweep
    from costsim.sweep.spec import SweepSpec, load_spec

__all__ = ["SweepSpec", "load_spec", "sweep"]

_ROOM_OF = {"SweepSpec": "costsim.sweep.spec", "load_spec": "costsim.sweep.spec", "sweep": "costsim.sweep.run"}
"""Imported when first asked for: a page takes the graphs of a sweep and reads no specification."""


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'costsim.sweep' has no attribute '{name}'")
    return getattr(import_module(_ROOM_OF[name]), name)
