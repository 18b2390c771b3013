"""Accelerator family: an array of multipliers, one on-chip buffer of fixed size, memory beyond it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from typing import Any, ClassVar

import numpy as np

from costsim.devices.accelerator_profile import AcceleratorProfile
from costsim.devices.base import DeviceModel, Roofs, RunConfig
from costsim.devices.kernels.array_costs import ArrayCosts
from costsim.devices.kernels.atomic import (
    WINOGRAD_SPEEDUP,
    atomic_costs,
    atomic_weight_elems,
    stride_fold,
    uses_winograd,
)
from costsim.devices.kernels.block_based import block_costs
from costsim.devices.kernels.rounding import round_up
from costsim.devices.kernels.row_stationary import row_stationary_costs
from costsim.devices.kernels.systolic import systolic_costs
from costsim.errors import DoesNotFitError
from costsim.hardware.profile import Profile
from costsim.hardware.vary import alike, at_point, at_points, points
from costsim.scheduling import BufferRules, plan_buffers, verdict
from costsim.tables.costtable import CostTable
from costsim.tables.memo import RowMemo, row_keys
from costsim.tables.optable import MAC, OpTable
from costsim.tables.plan import Plan
from costsim.tables.schema import Array

ARRAYS: dict[str, Callable[[OpTable, Any], ArrayCosts]] = {
    "atomic": atomic_costs,
    "block": block_costs,
    "systolic": systolic_costs,
    "row_stationary": row_stationary_costs,
}


class AcceleratorModel(DeviceModel):
    """Ceilings: ``array`` (products, with the array's quantisation), ``vector`` (pooling, element-wise ops,
    copies), ``onchip`` (the buffer's bandwidth), ``dram``, ``flash`` (weights, where they have their own
    memory), ``host`` (ops that fall back). Overheads: ``dispatch`` per op, ``invoke`` per inference.
    """

    profile_type: ClassVar[type[Profile]] = AcceleratorProfile

    def plan(self, ops: OpTable, profile: Any, run: RunConfig) -> OpTable:
        if len(ops.networks) > 1:
            alone = [self.plan(table, profile, run).plan for table in ops.split()]
            return replace(ops, plan=Plan.stack([plan for plan in alone if plan is not None]))
        memory = profile.hardware.memory
        if points(profile) > 1 and max(points(part) for part in _geometry(profile)) > 1:
            return replace(ops, plan=self._plan_geometries(ops, profile, run))
        on_host = _on_host(ops, profile)
        fixed = cache(lambda: self._fixed_limits(ops, profile, run, on_host))  # not asked for where all maps fit
        array = profile.hardware.array
        input_bytes, output_bytes = _stored_map_bytes(ops, profile)
        rules = BufferRules(
            size_bytes=np.broadcast_to(memory.onchip.size_bytes, points(profile)),
            execution=profile.runtime.plan,
            on_host=on_host[:, 0],
            weight_bytes=_uncached_weight_bytes(ops, profile),
            grain=_grain(array),
            spills=memory.dram is not None,
            separate_weights=memory.onchip.weight_size_bytes,
            sum_bytes=profile.hardware.sum_bytes,
            input_bytes=input_bytes,
            output_bytes=output_bytes,
            tiling=profile.runtime.tiling,
        )

        def price(activation_bytes: np.ndarray, weight_bytes: np.ndarray, point: int) -> np.ndarray:
            here = (fixed(), profile) if ops.points == 1 else (_at(fixed(), point), at_point(profile, point))
            return self._network_seconds(*here, activation_bytes, weight_bytes)

        return replace(ops, plan=plan_buffers(ops, rules, price))

    def _plan_geometries(self, ops: OpTable, profile: Any, run: RunConfig) -> Plan:
        """Every array and weight memory is planned once, for all its clocks, bandwidths and buffers together."""
        groups = alike(*_geometry(profile))
        if ops.points > 1:  # every table is planned by itself
            groups = [np.array([point]) for point in range(ops.points)]
        plans = [self.plan(ops.at_point(int(here[0])), at_points(profile, here), run).plan for here in groups]
        return Plan.join([plan for plan in plans if plan is not None], groups)

    def _network_seconds(
        self, fixed: dict[str, Array], profile: Any, activation_bytes: Array, weight_bytes: Array
    ) -> Array:
        """``(plans, devices)`` of ``(ops, plans)`` bytes: an op is priced once for each traffic it has in any plan."""
        if points(profile) == 1:
            return self._table(fixed, activation_bytes, weight_bytes, profile).latency_s.sum(axis=0)[:, None]
        row = np.broadcast_to(np.arange(len(weight_bytes), dtype=np.float64)[:, None], weight_bytes.shape)
        traffic = np.stack([row.ravel(), activation_bytes.ravel(), weight_bytes.ravel()])
        order = np.lexsort(traffic)  # np.unique of columns takes ten times as long
        begins = np.append(True, (np.diff(traffic[:, order], axis=1) != 0).any(axis=0))
        kinds, kind_of = traffic[:, order[begins]], np.empty(len(order), dtype=int)
        kind_of[order] = np.cumsum(begins) - 1
        limits = {name: array[kinds[0].astype(int)] for name, array in fixed.items()}
        seconds = self._table(limits, kinds[1, :, None], kinds[2, :, None], profile).latency_s
        occurs = np.zeros((weight_bytes.shape[1], kinds.shape[1]))
        occurs[np.broadcast_to(np.arange(len(occurs)), weight_bytes.shape), kind_of.reshape(weight_bytes.shape)] = 1.0
        return occurs @ seconds

    def costs(self, ops: OpTable, profile: Any, run: RunConfig) -> CostTable:
        if ops.plan is None:
            ops = self.plan(ops, profile, run)
        assert ops.plan is not None
        on_host = _on_host(ops, profile)
        fixed = self._fixed_limits(ops, profile, run, on_host)
        table = self._table(fixed, ops.plan.activation_bytes, ops.plan.weight_bytes, profile)
        onchip = fixed["onchip"] * profile.hardware.memory.onchip.bandwidth_bytes_per_s
        offchip = ops.plan.offchip_bytes
        return replace(
            table,
            traffic={"dram": offchip, "onchip": onchip},
            energy_j=_energy(ops, profile, onchip, offchip),
            notes=_notes(ops, profile, on_host),
        )

    def roofs(self, profile: Any, run: RunConfig) -> Roofs:
        hw, memory = profile.hardware, profile.hardware.memory
        offchip = memory.flash if memory.dram is None else memory.dram
        levels = {"dram": offchip.bandwidth_bytes_per_s, "onchip": memory.onchip.bandwidth_bytes_per_s}
        return Roofs(hw.clock_hz * hw.array.macs_per_cycle, levels)

    def channel_tile(self, profile: Any, run: RunConfig) -> int:
        return int(_grain(profile.hardware.array)[1])

    def fewest_macs(self, ops: OpTable, profile: Any, run: RunConfig) -> Array:
        array = profile.hardware.array
        if array.kind != "atomic":
            return ops.macs
        return np.where(uses_winograd(ops, array), ops.macs / WINOGRAD_SPEEDUP, ops.macs)

    def unavoidable_dram_bytes(self, ops: OpTable, profile: Any) -> Array:
        weights = np.minimum(_uncached_weight_bytes(ops, profile), ops.weight_bytes).sum(axis=0)
        maps = super().unavoidable_dram_bytes(ops, profile) - ops.weight_bytes.sum(axis=0)
        return weights + (maps if profile.hardware.memory.dram is not None else 0.0)

    def _fixed_limits(self, ops: OpTable, profile: Any, run: RunConfig, on_host: np.ndarray) -> dict[str, Array]:
        """Limits no buffer plan changes; ``burst`` is a ratio, not a limit."""
        hw, fitted = profile.hardware, profile.fitted
        is_mac = ops.kind == MAC
        costs = _array_costs(ops, hw.array)
        cycles = costs.cycles / fitted.array_ratio
        on_array = ~on_host & (is_mac if hw.vector_elems_per_cycle is not None else True)
        limits = {
            "array": np.where(on_array, cycles, 0.0) / hw.clock_hz,
            "onchip": _onchip_bytes(ops, costs, on_host) / hw.memory.onchip.bandwidth_bytes_per_s,
        }
        if hw.vector_elems_per_cycle is not None:
            visits = np.maximum(ops.output_elems * ops.kernel_h * ops.kernel_w, ops.input_elems)
            limits["vector"] = np.where(is_mac | on_host, 0.0, visits) / (hw.vector_elems_per_cycle * hw.clock_hz)
        if hw.host is not None:
            limits["host"] = np.where(on_host, _host_seconds(ops, hw.host), 0.0)
        limits["burst"] = _burst_ratio(ops, costs, hw.memory.dram)
        limits["dispatch"] = np.full_like(ops.macs, 1.0) * fitted.op_overhead_s
        limits["invoke"] = np.where(ops.networks.place[:, None] == 0, fitted.invoke_overhead_s, 0.0)
        return limits

    def _table(self, fixed: dict[str, Array], activation_bytes: Array, weight_bytes: Array, profile: Any) -> CostTable:
        memory, ratio = profile.hardware.memory, profile.fitted.dram_ratio
        in_dram = activation_bytes * fixed["burst"] + (weight_bytes if memory.flash is None else 0.0)
        moved = {}
        if memory.dram is not None:
            moved["dram"] = _transfer_seconds(in_dram, memory.dram, ratio)
        if memory.flash is not None:
            moved["flash"] = _transfer_seconds(weight_bytes, memory.flash, ratio)
        overheads = {name: fixed[name] for name in ("dispatch", "invoke")}
        ceilings = {name: array for name, array in fixed.items() if name not in (*overheads, "burst")}
        if profile.runtime.double_buffered:
            ceilings |= moved
        else:
            overheads |= moved
        return CostTable(ceilings=ceilings, overheads=overheads, traffic={"dram": activation_bytes + weight_bytes})


_MEMO: RowMemo[tuple[float, ...]] = RowMemo()


def _array_costs(ops: OpTable, array: Any) -> ArrayCosts:
    """What the array costs every op; each distinct row of a single network and array is worked out once."""
    price = ARRAYS[array.kind]
    if ops.points > 1 or points(array) > 1:
        return price(ops, array)

    def work_out(rows: np.ndarray) -> list[tuple[float, ...]]:
        costs = price(ops.take(rows), array)
        return list(zip(*(getattr(costs, field.name)[:, 0].tolist() for field in fields(costs)), strict=True))

    words, numbers = (label.op for label in ops.labels), row_keys(*(c[:, 0] for c in ops.columns().values()))
    context = array.model_dump_json()
    distinct, which = _MEMO.answers([(context, *key) for key in zip(words, numbers, strict=True)], work_out)
    return ArrayCosts(*np.array(distinct).T[:, which, None])


GRAIN = {
    "atomic": ("atomic_c", "atomic_k"),
    "block": ("ublock_c", "ublock_c"),
    "systolic": ("rows", "cols"),
    "row_stationary": ("rows", "rows"),
}
"""Fields that hold the input and output channels an array takes at once."""


def _grain(array: Any) -> tuple[float, float]:
    channels, kernels = (float(np.max(getattr(array, field))) for field in GRAIN[array.kind])
    return channels, kernels


def _geometry(profile: Any) -> tuple[Any, ...]:
    """Array and weight memories: where these differ, there is something else to plan."""
    hw, memory = profile.hardware, profile.hardware.memory
    return hw.array, hw.sum_bytes, memory.parameter_cache, memory.onchip.weight_size_bytes


def _at(limits: dict[str, Array], point: int) -> dict[str, Array]:
    return {name: array[:, [min(point, array.shape[1] - 1)]] for name, array in limits.items()}


def _burst_ratio(ops: OpTable, costs: ArrayCosts, dram: Any) -> Array:
    """Bytes fetched over bytes used by rows that read the network's input, which lies pixel after pixel.

    The array reads it itself, block by block; a burst brings the channels it takes at once of one pixel
    and no more (Vela 5.2.0's transfer efficiency). Maps in between lie in bricks that fill bursts.
    """
    if dram is None or dram.burst_bytes is None:
        return np.ones_like(ops.elem_bytes)
    used = np.minimum(costs.channels_at_once * ops.elem_bytes, dram.burst_bytes)
    return np.where(ops.reads_input[:, None], costs.input_fetch_ratio * dram.burst_bytes / used, 1.0)


def _transfer_seconds(moved_bytes: Array, memory: Any, ratio: float) -> Array:
    return moved_bytes / (memory.bandwidth_bytes_per_s * ratio) + np.where(moved_bytes > 0, memory.latency_s, 0.0)


def _on_host(ops: OpTable, profile: Any) -> np.ndarray:
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
    return inputs, ops.output_bytes * round_up(ops.c_out, align) / ops.c_out


def _uncached_weight_bytes(ops: OpTable, profile: Any) -> Array:
    """Weights not already on chip from the last inference, cached in order of execution."""
    array = profile.hardware.array
    stored = ops.weight_bytes
    if array.kind == "atomic":
        stored = atomic_weight_elems(ops, array) * ops.weight_elem_bytes
    cache = profile.hardware.memory.parameter_cache
    if cache is None:
        return stored
    before = ops.networks.running_total(stored) - stored
    return stored - np.clip(cache.size_bytes - before, 0.0, stored)


def _onchip_bytes(ops: OpTable, costs: ArrayCosts, on_host: np.ndarray) -> Array:
    moved = np.where(ops.kind == MAC, costs.onchip_elems, ops.input_elems + ops.output_elems)
    return np.where(on_host, 0.0, moved) * ops.elem_bytes


def _host_seconds(ops: OpTable, host: Any) -> Array:
    cycles = np.maximum(ops.macs / host.macs_per_cycle, ops.compulsory_bytes / host.bytes_per_cycle)
    return np.maximum(cycles, (ops.flops - 2 * ops.macs) / host.flops_per_cycle) / host.clock_hz


def _notes(ops: OpTable, profile: Any, on_host: np.ndarray) -> tuple[str, ...]:
    size = np.ravel(profile.hardware.memory.onchip.size_bytes)
    if len(size) > 1 or ops.points > 1 or len(ops.networks) > 1:
        return ()
    notes = [f"{profile.name}: {verdict(ops, float(size[0]))}"]
    if on_host.any():
        words = dict.fromkeys(label.op for label, host in zip(ops.labels, on_host[:, 0], strict=True) if host)
        notes.append(f"{int(on_host.sum())} ops fall back to the {profile.hardware.host.core}: {', '.join(words)}")
    if (energy := profile.hardware.energy) is not None:
        share = round(100 * float(np.max(energy.uncertainty_ratio)))
        notes.append(f"energy is the sum of sourced accesses, within {share} %; leakage, clocks and host are not in it")
    return tuple(notes)


def _energy(ops: OpTable, profile: Any, onchip_bytes: Array, offchip_bytes: Array) -> Array | None:
    """Joules of multiply-accumulates and of every byte moved; None where the profile has no numbers.

    Source of the form: Horowitz, ISSCC 2014. Ignores leakage, clocks and control.
    """
    energy = profile.hardware.energy
    if energy is None:
        return None
    moved = onchip_bytes * energy.onchip_j_per_byte + offchip_bytes * energy.dram_j_per_byte
    return ops.macs * energy.mac_j + moved
