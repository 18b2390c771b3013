"""Device models: one class a family, formulas in ``kernels``."""

from costsim.devices.base import DeviceModel, RunConfig
from costsim.devices.registry import device_for, families

__all__ = ["DeviceModel", "RunConfig", "device_for", "families"]
