"""costsim: what a convolutional network costs on a device, why, and how sure that is."""

from costsim.analysis import Analysis
from costsim.api import analyze
from costsim.devices import DeviceModel, RunConfig
from costsim.errors import AssertionFailedError, CostsimError, DoesNotFitError, InputError
from costsim.graph import LayerGraph, NetBuilder
from costsim.hardware import Profile, load_profile, profile_names
from costsim.network import Network
from costsim.networks import network_names
from costsim.simulate import Simulation, simulate
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable

__all__ = [
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
    "Profile",
    "RunConfig",
    "Simulation",
    "analyze",
    "load_profile",
    "network_names",
    "profile_names",
    "simulate",
]
