"""What a profile of the accelerator family makes of an op table before anything is planned or priced.

Who runs each op, which weights have to be fetched, how tensors lie in memory, and all of it as the planner's rules.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.devices.accelerator.arrays.atomic import atomic_weight_elems, stride_fold
from costsim.devices.accelerator.profile import InnerMaps
from costsim.devices.kernels.rounding import round_up
from costsim.errors import DoesNotFitError
from costsim.scheduling import BankRules, Banks, BufferRules
from costsim.tables.liveness import live_bytes
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

GRAIN = {
    "atomic": ("atomic_c", "atomic_k"),
    "block": ("ublock_c", "ublock_c"),
    "systolic": ("rows", "cols"),
    "row_stationary": ("rows", "rows"),
}
"""Fields that hold the input and output channels an array takes at once."""


def grain(array: Any) -> tuple[float, float]:
    channels, kernels = (float(np.max(getattr(array, field))) for field in GRAIN[array.kind])
    return channels, kernels


def buffer_rules(ops: OpTable, profile: Any) -> BufferRules:
    """What the planner has to know of a table of one point."""
    hw, runtime = profile.hardware, profile.runtime
    input_bytes, output_bytes = _stored_map_bytes(ops, profile)
    return BufferRules(
        execution=runtime.plan,
        on_host=runs_on_host(ops, profile)[:, 0],
        weight_bytes=uncached_weight_bytes(ops, profile)[:, 0],
        grain=grain(hw.array),
        spills=hw.memory.dram is not None,
        separate_weights=hw.memory.onchip.weight_size_bytes,
        sum_bytes=hw.sum_bytes,
        input_bytes=input_bytes[:, 0],
        output_bytes=output_bytes[:, 0],
        tiling=runtime.tiling,
        banked=_bank_rules(ops, profile) if runtime.plan == "banked" else None,
    )


def _bank_rules(ops: OpTable, profile: Any) -> BankRules:
    """Copies for depthwise convolutions of few channels, sums of kernels too large for one pass, wide ops."""
    banks, array = profile.hardware.memory.onchip.banks, profile.hardware.array
    padding = _depthwise_padding(ops, profile)
    largest = getattr(array, "largest_kernel", None) or np.inf
    in_passes = ops.is_op("conv") & (np.maximum(ops.kernel_h, ops.kernel_w) > largest)
    sums = ops.n * ops.h_out * ops.w_out * ops.c_out * profile.hardware.sum_bytes
    inner = [profile.runtime.inner_maps.get(label.op, InnerMaps()) for label in ops.labels]
    output_bytes = ops.output_bytes[:, 0].tolist()
    return BankRules(
        Banks(banks.size_bytes, banks.order),
        copied_bytes=np.where(padding > 1, ops.input_bytes * padding, 0.0)[:, 0],
        sum_bytes=np.where(in_passes, sums, 0.0)[:, 0],
        operand_ratio=np.array([maps.operand for maps in inner]),
        own_bytes=tuple(
            tuple(ratio * size for ratio in maps.own) for maps, size in zip(inner, output_bytes, strict=True)
        ),
    )


def runs_on_host(ops: OpTable, profile: Any) -> np.ndarray:
    """``(ops, 1)`` mask of the rows the array cannot run.

    Raises:
        DoesNotFitError: there are some, and no host to run them.
    """
    device_ops = profile.runtime.device_ops
    if device_ops is None:
        return np.zeros((len(ops), 1), dtype=bool)
    on_host = ~ops.is_op(*device_ops)
    if profile.hardware.host is None and on_host.any():
        label = ops.labels[int(np.argmax(on_host))]
        raise DoesNotFitError(
            f"{label.name}: {profile.name} cannot run {label.op} and has no host core to fall back on; "
            f"it runs {', '.join(device_ops)}"
        )
    return on_host


def _stored_map_bytes(ops: OpTable, profile: Any) -> tuple[Array, Array]:
    """Operands and output as they lie in memory, channels padded (strides folded in where the array does that)."""
    align, array = profile.runtime.channel_align, profile.hardware.array
    input_align = align / stride_fold(ops, array) if array.kind == "atomic" else align
    inputs = ops.input_bytes * round_up(ops.c_in, input_align) / ops.c_in
    return inputs, ops.output_bytes * round_up(ops.c_out, align) / ops.c_out * _depthwise_padding(ops, profile)


def _depthwise_padding(ops: OpTable, profile: Any) -> Array:
    """Channels a depthwise convolution runs on over those it has."""
    few = ops.is_depthwise & (ops.c_out < profile.runtime.least_depthwise_channels)
    return np.where(few, profile.runtime.least_depthwise_channels / ops.c_out, 1.0)


def uncached_weight_bytes(ops: OpTable, profile: Any) -> Array:
    """Weights not already on chip from the last inference, cached in order of execution where weights stay."""
    array = profile.hardware.array
    stored = ops.weight_bytes
    if array.kind == "atomic":
        stored = atomic_weight_elems(ops, array) * ops.weight_elem_bytes
    cache = profile.hardware.memory.parameter_cache
    if cache is None or not profile.runtime.weights_stay:
        return stored
    room = cache.size_bytes
    if cache.beside_maps:
        maps = ops.networks.largest(live_bytes(ops))[ops.networks.of_row]
        room = np.clip(profile.hardware.memory.onchip.size_bytes - maps, 0.0, room)
    before = ops.networks.running_total(stored) - stored
    return stored - np.clip(room - before, 0.0, stored)
