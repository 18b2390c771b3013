"""costsim: what a convolutional network costs on a device, why, and how sure that is."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # type checkers take it for typing's, whose import would delay the answer to Ctrl-C

if TYPE_CHECKING:
    from typing import Any

    from costsim.advice import Advice, advise
    from costsim.analysis import Analysis
    from costsim.api import analyze, summary, verify
    from costsim.devices import DeviceModel, RunConfig
    from costsim.errors import AssertionFailedError, CostsimError, DoesNotFitError, InputError
    from costsim.explore import explore
    from costsim.graph import LayerGraph, NetBuilder
    from costsim.hardware import Profile, load_profile, profile_names
    from costsim.network import Network
    from costsim.networks import network_names
    from costsim.predict import Predictor
    from costsim.simulate import Simulation
    from costsim.tables.costtable import CostTable
    from costsim.tables.optable import OpTable
    from costsim.version import __version__

_ROOM_OF = {
    "__version__": "costsim.version",
    "Advice": "costsim.advice",
    "Analysis": "costsim.analysis",
    "AssertionFailedError": "costsim.errors",
    "CostTable": "costsim.tables.costtable",
    "CostsimError": "costsim.errors",
    "DeviceModel": "costsim.devices",
    "DoesNotFitError": "costsim.errors",
    "InputError": "costsim.errors",
    "LayerGraph": "costsim.graph",
    "NetBuilder": "costsim.graph",
    "Network": "costsim.network",
    "OpTable": "costsim.tables.optable",
    "Predictor": "costsim.predict",
    "Profile": "costsim.hardware",
    "RunConfig": "costsim.devices",
    "Simulation": "costsim.simulate",
    "advise": "costsim.advice",
    "analyze": "costsim.api",
    "explore": "costsim.explore",
    "load_profile": "costsim.hardware",
    "network_names": "costsim.networks",
    "profile_names": "costsim.hardware",
    "summary": "costsim.api",
    "verify": "costsim.api",
}
"""Where each public name lives: imported when first asked for, so that no verb pays for another."""

__all__ = [
    "__version__",
    "Advice",
    "Analysis",
    "AssertionFailedError",
    "CostTable",
    "CostsimError",
    "DeviceModel",
    "DoesNotFitError",
    "InputError",
    "LayerGraph",
    "NetBuilder",
    "Network",
    "OpTable",
    "Predictor",
    "Profile",
    "RunConfig",
    "Simulation",
    "advise",
    "analyze",
    "explore",
    "load_profile",
    "network_names",
    "profile_names",
    "summary",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'costsim' has no attribute '{name}'")
    value = getattr(import_module(_ROOM_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
