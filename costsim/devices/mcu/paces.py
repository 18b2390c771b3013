"""Cycles of the inner loops: what the library, the core and the data type make of each kind of product."""

from __future__ import annotations

import numpy as np

from costsim.devices.mcu.kernels import is_generic_depthwise, is_linear, is_pointwise, issued_macs
from costsim.devices.mcu.profile import McuProfile
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

FLOAT = "fp32"


def arithmetic_cycles(ops: OpTable, profile: McuProfile, dtype: str) -> Array:
    """``macs * cycles`` of the library's loop for each kind of product [cycles of the core the loop was fitted on].

    In fp32 a core with an FPU takes ``float_ratios`` of the int8 pace; one without calls two routines for every
    multiply-accumulate in that loop, and float loops have no lanes to fill. Expected error: that of the card in int8,
    30 % in fp32, where whole networks were compared and no single loop.
    """
    fit = profile.fitted
    pace = {
        "conv": fit.conv_cycles_per_mac,
        "pointwise": fit.pointwise_cycles_per_mac,
        "depthwise": fit.depthwise_cycles_per_mac,
        "linear": fit.linear_cycles_per_mac,
    }
    if dtype == FLOAT:
        soft = profile.hardware.soft_float_cycles / fit.core_cycles
        ratios = vars(fit.float_ratios)
        pace = {kind: cycles * ratios[kind] + soft for kind, cycles in pace.items()}
    chosen = np.where(ops.is_depthwise, pace["depthwise"], pace["conv"])
    if profile.runtime.generic_depthwise and dtype != FLOAT:
        chosen = np.where(is_generic_depthwise(ops), pace["depthwise"] * fit.generic_depthwise_ratio, chosen)
    chosen = np.where(is_pointwise(ops), pace["pointwise"], chosen)
    chosen = np.where(is_linear(ops), pace["linear"], chosen)
    return (ops.macs if dtype == FLOAT else issued_macs(ops, profile.runtime)) * chosen


def soft_element_cycles(profile: McuProfile, dtype: str) -> Array | float:
    """One operation on an element in software, where floats have no hardware: half of a multiplication and an addition
    [cycles].
    """
    return profile.hardware.soft_float_cycles / 2 / profile.fitted.core_cycles if dtype == FLOAT else 0.0
