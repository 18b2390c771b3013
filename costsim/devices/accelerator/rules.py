"""What a profile of the accelerator family makes of an op table before anything is planned or priced.

Who runs each op, which weights have to be fetched, how tensors lie in memory, and all of it as the planner's rules.
"""

from __future__ import annotations

import numpy as np

from costsim.devices.accelerator.profile import AcceleratorProfile, InnerMaps
from costsim.devices.kernels.edges import by_row
from costsim.devices.kernels.rounding import round_up
from costsim.errors import DoesNotFitError
from costsim.scheduling import BankRules, Banks, BufferRules
from costsim.tables.liveness import last_use, live_bytes
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

NAMED = 8
"""Ops that a message names."""


def buffer_rules(ops: OpTable, profile: AcceleratorProfile) -> BufferRules:
    """What the planner has to know of a table of one point."""
    hw, runtime = profile.hardware, profile.runtime
    channels, kernels = hw.array.grain
    input_bytes, output_bytes = _stored_map_bytes(ops, profile)
    return BufferRules(
        execution=runtime.plan,
        on_host=runs_on_host(ops, profile)[:, 0],
        weight_bytes=uncached_weight_bytes(ops, profile)[:, 0],
        grain=(float(np.max(channels)), float(np.max(kernels))),
        spills=hw.memory.dram is not None,
        separate_weights=hw.memory.onchip.weight_size_bytes,
        sum_bytes=hw.sum_bytes,
        input_bytes=input_bytes[:, 0],
        output_bytes=output_bytes[:, 0],
        tiling=runtime.tiling,
        banked=_bank_rules(ops, profile) if runtime.plan == "banked" else None,
        pipelined=runtime.spread == "pipeline",
        stages=hw.most_stages,
    )


def _bank_rules(ops: OpTable, profile: AcceleratorProfile) -> BankRules:
    """Copies for depthwise convolutions of few channels, sums of kernels too large for one pass, wide ops."""
    hw, banks = profile.hardware, profile.hardware.memory.onchip.banks
    assert banks is not None  # a banked profile without banks is refused
    padding = _depthwise_padding(ops, profile)
    sums = ops.n * ops.h_out * ops.w_out * ops.c_out * hw.sum_bytes
    inner = [profile.runtime.banked.inner_maps.get(word, InnerMaps()) for word in ops.device_words]
    output_bytes = ops.output_bytes[:, 0].tolist()
    return BankRules(
        Banks(banks.size_bytes, banks.order),
        copied_bytes=np.where(padding > 1, ops.input_bytes * padding, 0.0)[:, 0],
        sum_bytes=np.where(hw.array.runs_in_passes(ops), sums, 0.0)[:, 0],
        operand_ratio=np.array([maps.operand for maps in inner]),
        own_bytes=tuple(
            tuple(ratio * size for ratio in maps.own) for maps, size in zip(inner, output_bytes, strict=True)
        ),
    )


def falls_back(ops: OpTable, profile: AcceleratorProfile) -> np.ndarray:
    """``(ops, points)`` mask of the rows that the host runs in its plainest loops because of their shape."""
    runtime, fallen = profile.runtime, np.zeros(ops.c_out.shape, dtype=bool)
    if runtime.scales_on_host:
        beside = ops.input_elems - ops.output_elems
        a_value_a_channel = (beside > 0) & (beside <= ops.n * ops.c_out) & (ops.output_elems > ops.n * ops.c_out)
        fallen |= ops.is_op("mul") & a_value_a_channel
    if runtime.shuffled_channels > 1:
        fallen |= ops.is_op("channel_shuffle") & (ops.c_out % runtime.shuffled_channels != 0)
    return fallen


def runs_on_host(ops: OpTable, profile: AcceleratorProfile) -> np.ndarray:
    """``(ops, 1)`` mask of the rows the array cannot run, one a point where their shapes vary.

    Raises:
        DoesNotFitError: there are some, and no host to run them.
    """
    device_ops, runtime = profile.runtime.device_ops, profile.runtime
    on_host = np.zeros((len(ops), 1), dtype=bool) if device_ops is None else ~ops.is_op(*device_ops)
    if runtime.scales_on_host or runtime.shuffled_channels > 1:
        on_host = on_host | falls_back(ops, profile)
    if device_ops is None:
        return on_host
    if profile.hardware.host is None and on_host.any():
        label = ops.labels[int(np.argmax(on_host))]
        raise DoesNotFitError(
            f"{profile.name} cannot run {label.op} and has no host core to fall back on; "
            f"it runs {', '.join(device_ops[:NAMED])}{', ...' if len(device_ops) > NAMED else ''}",
            where=label.name,
        )
    return on_host


def _stored_map_bytes(ops: OpTable, profile: AcceleratorProfile) -> tuple[Array, Array]:
    """Operands and output as they lie in memory, channels padded (strides folded in where the array does that)."""
    align = profile.runtime.channel_align
    if profile.runtime.padded_maps == "inner":
        return _inner_maps_padded(ops, align)
    inputs = ops.input_bytes * round_up(ops.c_in, align / profile.hardware.array.stride_fold(ops)) / ops.c_in
    return inputs, ops.output_bytes * round_up(ops.c_out, align) / ops.c_out * _depthwise_padding(ops, profile)


def _inner_maps_padded(ops: OpTable, align: float) -> tuple[Array, Array]:
    """Operands and output where only maps that ops hand to each other as they are have padded channels."""
    rows, (reader, producer) = len(ops), ops.edges
    reader, producer = reader[producer >= 0], producer[producer >= 0]
    # Where its reader has other channels, a view lies between, which needs them side by side.
    viewed = by_row(np.maximum, (ops.c_in[reader] != ops.c_out[producer]).astype(float), producer, rows) > 0
    whole = (last_use(ops) > np.arange(rows))[:, None] & ~viewed
    written = np.where(whole, round_up(ops.c_out, align) / ops.c_out, 1.0)
    read = np.where(ops.reads_input[:, None], 1.0, by_row(np.maximum, written[producer], reader, rows))
    return ops.input_bytes * np.maximum(read, 1.0), ops.output_bytes * written


def _depthwise_padding(ops: OpTable, profile: AcceleratorProfile) -> Array:
    """Channels a depthwise convolution runs on over those it has."""
    least = profile.runtime.banked.least_depthwise_channels
    return np.where(ops.is_depthwise & (ops.c_out < least), least / ops.c_out, 1.0)


def uncached_weight_bytes(ops: OpTable, profile: AcceleratorProfile) -> Array:
    """Weights not already on chip from the last inference, cached in order of execution where weights stay."""
    stored = profile.hardware.array.stored_weight_elems(ops) * ops.weight_elem_bytes
    cache = profile.hardware.memory.parameter_cache
    if cache is None or not profile.runtime.weights_stay:
        return stored
    room = cache.size_bytes
    if cache.beside_maps:
        maps = ops.networks.largest(live_bytes(ops))[ops.networks.of_row]
        room = np.clip(profile.hardware.memory.onchip.size_bytes - maps, 0.0, room)
    before = ops.networks.running_total(stored) - stored
    return stored - np.clip(room - before, 0.0, stored)
