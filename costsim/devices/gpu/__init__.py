"""GPUs: a profile, the kernels a library has for an op, tiles and waves, a host that dispatches, and the model."""

from costsim.devices.gpu.model import GpuModel

__all__ = ["GpuModel"]
