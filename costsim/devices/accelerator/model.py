"""Accelerator family: an array of multipliers, one on-chip buffer of fixed size, memory beyond it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

import numpy as np

from costsim.devices.accelerator.arrays.atomic import WINOGRAD_SPEEDUP, atomic_costs, uses_winograd
from costsim.devices.accelerator.arrays.base import ArrayCosts
from costsim.devices.accelerator.arrays.block_based import block_costs
from costsim.devices.accelerator.arrays.row_stationary import row_stationary_costs
from costsim.devices.accelerator.arrays.systolic import systolic_costs
from costsim.devices.accelerator.profile import AcceleratorProfile
from costsim.devices.accelerator.rules import buffer_rules, grain, runs_on_host, uncached_weight_bytes
from costsim.devices.base import DeviceModel, Footprint, Roofs, RunConfig
from costsim.hardware.profile import Profile
from costsim.hardware.vary import alike, at_point, at_points, points
from costsim.scheduling import BufferPlanner, verdict
from costsim.tables.cache import Cache, hashable
from costsim.tables.costtable import CostTable
from costsim.tables.equal_rows import EqualRows, row_keys
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
            if ops.points == points(profile) == 1:
                alone = [self._plans(table, profile, run, 1)[0][1] for table in ops.split()]
            else:
                planned = (self.plan(table, profile, run).plan for table in ops.split())
                alone = [plan for plan in planned if plan is not None]
            return ops.with_plan(Plan.stack(alone))
        parts = self.plans(ops, profile, run, max(ops.points, points(profile)))
        return parts[0][1] if len(parts) == 1 and len(parts[0][0]) == 1 else _side_by_side(ops, parts)

    def plans(self, ops: OpTable, profile: Any, run: RunConfig, points: int) -> list[tuple[np.ndarray, OpTable]]:
        if len(ops.networks) > 1:
            return super().plans(ops, profile, run, points)
        if ops.points == 1:
            groups = alike(*_geometry(profile))
            if len(groups) == 1:
                return [(here, ops.with_plan(plan)) for here, plan in self._plans(ops, profile, run, points)]
            alone = [self.plans(ops, at_points(profile, here), run, len(here)) for here in groups]
            parts = [(here[i], t) for here, tables in zip(groups, alone, strict=True) for i, t in tables]
            if len(parts) * FEW <= points:
                return parts
        else:  # every table is planned by itself
            each = ((ops.at_point(p), at_point(profile, p)) for p in range(points))
            parts = [(np.array([p]), self.plan(*one, run)) for p, one in enumerate(each)]
        return [(np.arange(points), _side_by_side(ops, parts))]

    def _plans(self, ops: OpTable, profile: Any, run: RunConfig, points: int) -> list[tuple[np.ndarray, Plan]]:
        """The plans of one network on one array, for all its clocks, bandwidths and buffers together."""
        sizes = np.broadcast_to(profile.hardware.memory.onchip.size_bytes, points)
        first = profile if points == 1 else at_point(profile, 0)
        given = (profile.runtime, *_geometry(profile), profile.hardware.memory.dram is None)
        # Of a copy: a table that remembers what holds itself is freed by the cycle collector alone.
        planner = ops.kept.get("planner", given, lambda: BufferPlanner(replace(ops), buffer_rules(ops, first)))

        def price(activation_bytes: np.ndarray, weight_bytes: np.ndarray, at: np.ndarray) -> np.ndarray:
            here = profile if len(at) == points else at_points(profile, at)
            return self._network_seconds(_work(ops, here), here, activation_bytes, weight_bytes, len(at))

        return planner.plans(sizes, price)

    def _network_seconds(
        self, work: _Work, profile: Any, activation_bytes: Array, weight_bytes: Array, points: int
    ) -> Array:
        """``(plans, points)`` of ``(ops, plans)`` bytes."""
        if points == 1:
            alone = work.take(work.kind_of)
            return self._table(alone, activation_bytes, weight_bytes, profile).latency_s.sum(axis=0)[:, None]
        given = (activation_bytes, weight_bytes)
        rows = work.kept.get("traffic", given, lambda: _traffic(work, *given))
        return rows.occurs @ self._table(rows.work, rows.activation_bytes, rows.weight_bytes, profile).latency_s

    def costs(self, ops: OpTable, profile: Any, run: RunConfig) -> CostTable:
        if ops.plan is None:
            ops = self.plan(ops, profile, run)
        costs = self.kind_costs(ops, profile, run).per_op()
        return replace(costs, notes=_notes(ops, profile, runs_on_host(ops, profile)))

    def kind_costs(self, ops: OpTable, profile: Any, run: RunConfig) -> CostTable:
        plan = ops.plan
        assert plan is not None
        work = _work(ops, profile)
        rows = plan.kept.get("rows", (work,), lambda: _planned_rows(work, plan))
        table = self._table(rows.work, rows.activation_bytes, rows.weight_bytes, profile)
        offchip = rows.activation_bytes + rows.weight_bytes
        return replace(
            table,
            traffic={"dram": offchip, "onchip": rows.work.onchip_bytes},
            energy_j=_energy(rows.work, profile, offchip),
            kind_of=rows.kind_of,
        )

    def footprint(self, ops: OpTable, profile: Any, run: RunConfig) -> Footprint:
        if ops.plan is None:
            return Footprint()
        held = verdict(ops, float(np.max(profile.hardware.memory.onchip.size_bytes)))
        return Footprint(held.used_bytes, held.size_bytes, held.spilled_bytes, held.fits)

    def roofs(self, profile: Any, run: RunConfig) -> Roofs:
        hw, memory = profile.hardware, profile.hardware.memory
        offchip = memory.flash if memory.dram is None else memory.dram
        levels = {"dram": offchip.bandwidth_bytes_per_s, "onchip": memory.onchip.bandwidth_bytes_per_s}
        return Roofs(hw.clock_hz * hw.array.macs_per_cycle, levels)

    def channel_tile(self, profile: Any, run: RunConfig) -> int:
        return int(grain(profile.hardware.array)[1])

    def fewest_macs(self, ops: OpTable, profile: Any, run: RunConfig) -> Array:
        array = profile.hardware.array
        if array.kind != "atomic":
            return ops.macs
        return np.where(uses_winograd(ops, array), ops.macs / WINOGRAD_SPEEDUP, ops.macs)

    def unavoidable_dram_bytes(self, ops: OpTable, profile: Any) -> Array:
        weights = np.minimum(uncached_weight_bytes(ops, profile), ops.weight_bytes).sum(axis=0)
        if profile.runtime.plan == "banked":  # input and outputs lie on chip too
            return weights
        maps = super().unavoidable_dram_bytes(ops, profile) - ops.weight_bytes.sum(axis=0)
        return weights + (maps if profile.hardware.memory.dram is not None else 0.0)

    def _table(self, work: _Work, activation_bytes: Array, weight_bytes: Array, profile: Any) -> CostTable:
        hw, fitted, memory = profile.hardware, profile.fitted, profile.hardware.memory
        ceilings = {
            "array": work.array_cycles / fitted.array_ratio / hw.clock_hz,
            "onchip": work.onchip_bytes / memory.onchip.bandwidth_bytes_per_s,
        }
        if hw.vector_elems_per_cycle is not None:
            ceilings["vector"] = work.vector_elems / (hw.vector_elems_per_cycle * hw.clock_hz)
        if hw.host is not None:
            ceilings["host"] = work.host_s
        moved = {}
        if memory.dram is not None:
            in_dram = activation_bytes * work.burst_ratio + (weight_bytes if memory.flash is None else 0.0)
            moved["dram"] = _transfer_seconds(in_dram, memory.dram, fitted.dram_ratio)
        if memory.flash is not None:
            moved["flash"] = _transfer_seconds(weight_bytes, memory.flash, fitted.dram_ratio)
        overheads = {
            "dispatch": np.full_like(work.macs, 1.0) * fitted.op_overhead_s,
            "invoke": work.is_first * fitted.invoke_overhead_s,
        }
        if profile.runtime.double_buffered:
            ceilings |= moved
        else:
            overheads |= moved
        return CostTable(ceilings=ceilings, overheads=overheads, traffic={"dram": activation_bytes + weight_bytes})


FEW = 32
"""Points from which on a plan is priced for its own points alone, with all it shares worked out once."""


def _side_by_side(ops: OpTable, parts: list[tuple[np.ndarray, OpTable]]) -> OpTable:
    """The table with the plans of all its points, given for some of them at a time."""
    plans = [table.plan for _, table in parts if table.plan is not None]
    return ops.with_plan(Plan.join(plans, [here for here, _ in parts]))


@dataclass(frozen=True)
class _Work:
    """What rows do whatever the plan, the clocks and the bandwidths, equal rows once. Arrays are ``(rows, points)``."""

    array_cycles: Array
    onchip_bytes: Array
    vector_elems: Array
    """Visited by pooling, element-wise ops and copies."""
    host_s: Array
    burst_ratio: Array
    macs: Array
    is_first: Array
    """1 for the first op of a network."""
    kind_of: np.ndarray
    """``(rows of the table,)`` which of these rows each is."""
    kept: Cache = field(init=False, default_factory=Cache, repr=False, compare=False)

    def take(self, rows: np.ndarray) -> _Work:
        """These rows, each on its own."""
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name not in ("kind_of", "kept")}
        return _Work(**columns, kind_of=np.arange(len(rows)))


@dataclass(frozen=True)
class _PlannedRows:
    """Equal rows of a planned table once."""

    work: _Work
    activation_bytes: Array
    weight_bytes: Array
    kind_of: np.ndarray


@dataclass(frozen=True)
class _Traffic:
    """The rows of several plans: each once for each traffic it has in any of them."""

    work: _Work
    activation_bytes: Array
    weight_bytes: Array
    occurs: np.ndarray
    """``(plans, rows)`` how often each row occurs in each plan."""


def _traffic(work: _Work, activation_bytes: Array, weight_bytes: Array) -> _Traffic:
    ops, plans = weight_bytes.shape
    row = np.broadcast_to(work.kind_of[:, None], weight_bytes.shape)
    columns = [np.reshape(column, (-1, 1)) for column in (row, activation_bytes, weight_bytes)]
    kinds = EqualRows.of(columns)
    rows, activation, weights = (column[kinds.first] for column in columns)
    occurs = np.zeros((plans, len(kinds.first)))
    np.add.at(occurs, (np.tile(np.arange(plans), ops), kinds.of_row), 1.0)
    return _Traffic(work.take(rows[:, 0]), activation, weights, occurs)


def _planned_rows(work: _Work, plan: Plan) -> _PlannedRows:
    kinds = EqualRows.of([work.kind_of[:, None], plan.activation_bytes, plan.weight_bytes])
    first = kinds.first
    rows = work.take(work.kind_of[first])
    return _PlannedRows(rows, plan.activation_bytes[first], plan.weight_bytes[first], kinds.of_row)


def _work(ops: OpTable, profile: Any) -> _Work:
    hw = profile.hardware
    burst_bytes = None if hw.memory.dram is None else hw.memory.dram.burst_bytes
    given = (profile.runtime, hw.array, hw.host, hw.vector_elems_per_cycle is None, burst_bytes)
    return ops.kept.get("accelerator work", given, lambda: _work_out(ops, profile))


def _work_out(ops: OpTable, profile: Any) -> _Work:
    hw, on_host = profile.hardware, runs_on_host(ops, profile)
    is_first, reads_input = (ops.networks.place == 0)[:, None], ops.reads_input[:, None]
    kinds = EqualRows.of([*ops.columns().values(), ops.word_of[:, None], is_first, reads_input])
    first = kinds.first
    rows, on_host, is_mac = ops.take(first), on_host[first], ops.kind[first] == MAC
    costs = _array_costs(rows, hw.array)
    on_array = ~on_host & (is_mac if hw.vector_elems_per_cycle is not None else True)
    visits = np.maximum(rows.output_elems * rows.kernel_h * rows.kernel_w, rows.input_elems)
    return _Work(
        array_cycles=np.where(on_array, costs.cycles, 0.0),
        onchip_bytes=_onchip_bytes(rows, costs, on_host),
        vector_elems=np.where(is_mac | on_host, 0.0, visits),
        host_s=np.where(on_host, _host_seconds(rows, hw.host), 0.0)
        if hw.host is not None
        else np.zeros_like(rows.macs),
        burst_ratio=_burst_ratio(rows, costs, reads_input[first], hw.memory.dram),
        macs=rows.macs,
        is_first=is_first[first].astype(float),
        kind_of=kinds.of_row,
    )


def _array_costs(ops: OpTable, array: Any) -> ArrayCosts:
    """What the array costs every op; each distinct row of a single network and array is worked out once."""
    price = ARRAYS[array.kind]
    if ops.points > 1 or points(array) > 1:
        return price(ops, array)

    def work_out(rows: np.ndarray) -> list[tuple[float, ...]]:
        costs = price(ops.take(rows), array)
        return list(zip(*(getattr(costs, field.name)[:, 0].tolist() for field in fields(costs)), strict=True))

    words, numbers = (label.op for label in ops.labels), row_keys(*(c[:, 0] for c in ops.columns().values()))
    array_key = hashable(array)
    keys = [(array_key, *key) for key in zip(words, numbers, strict=True)]
    distinct, which = ops.caches.array_costs.answers(keys, work_out)
    return ArrayCosts(*np.array(distinct).T[:, which, None])


def _geometry(profile: Any) -> tuple[Any, ...]:
    """Array and weight memories: where these differ, there is something else to plan."""
    hw, memory, cache = profile.hardware, profile.hardware.memory, profile.hardware.memory.parameter_cache
    shared = memory.onchip.size_bytes if cache is not None and cache.beside_maps else None
    return hw.array, hw.sum_bytes, cache, memory.onchip.weight_size_bytes, shared


def _burst_ratio(ops: OpTable, costs: ArrayCosts, reads_input: np.ndarray, dram: Any) -> Array:
    """Bytes fetched over bytes used by rows that read the network's input, which lies pixel after pixel.

    The array reads it itself, block by block; a burst brings the channels it takes at once of one pixel
    and no more (Vela 5.2.0's transfer efficiency). Maps in between lie in bricks that fill bursts.
    """
    if dram is None or dram.burst_bytes is None:
        return np.ones_like(ops.elem_bytes)
    used = np.minimum(costs.channels_at_once * ops.elem_bytes, dram.burst_bytes)
    return np.where(reads_input, costs.input_fetch_ratio * dram.burst_bytes / used, 1.0)


def _transfer_seconds(moved_bytes: Array, memory: Any, ratio: float) -> Array:
    return moved_bytes / (memory.bandwidth_bytes_per_s * ratio) + np.where(moved_bytes > 0, memory.latency_s, 0.0)


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


def _energy(work: _Work, profile: Any, offchip_bytes: Array) -> Array | None:
    """Joules of multiply-accumulates and of every byte moved; None where the profile has no numbers.

    Source of the form: Horowitz, ISSCC 2014. Ignores leakage, clocks and control.
    """
    energy = profile.hardware.energy
    if energy is None:
        return None
    moved = work.onchip_bytes * energy.onchip_j_per_byte + offchip_bytes * energy.dram_j_per_byte
    return work.macs * energy.mac_j + moved
