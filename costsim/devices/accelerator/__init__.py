"""Accelerators: a profile, four kinds of array behind one class, a buffer that is planned, and the model."""

from costsim.devices.accelerator.model import AcceleratorModel

__all__ = ["AcceleratorModel"]
