"""CPUs: a profile, the machine resolved from it, kernels that partition the rows, and the model that prices them."""

from costsim.devices.cpu.model import CpuModel

__all__ = ["CpuModel"]
