"""Microcontrollers: one core without data caches worth the name, weights in flash, maps in one arena of SRAM."""

from costsim.devices.mcu.model import McuModel

__all__ = ["McuModel"]
