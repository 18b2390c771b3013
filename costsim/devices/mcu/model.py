"""Microcontrollers: everything one after another on one core.

Limits, which add up, since an in-order core hides none behind another:

- ``arithmetic``: multiply-accumulates as issued, at the pace of the library's loop for their kind;
- ``windows``: values copied so that a window lies in a row;
- ``outputs``: bias, scale, rounding and clipping of every output;
- ``weights``: what is done once with each weight of a dense convolution, however many pixels it meets;
- ``elements``: elements read and written by ops without weights;
- ``flash``, or the RAM that holds a copy: weights, where reading them is slower than the arithmetic on them;
- ``external_ram``: maps read and written once through the data cache, where the arena lies in RAM beside the part.

Rates were fitted with maps in SRAM. Where they lie in tightly coupled memory instead, ``windows``, ``outputs`` and
``elements`` are spared what filling the data cache's lines takes: every map once over the bus of the SRAM.

Overhead: ``dispatch``, entering an op. Energy: what the running part takes of its supply, times the latency.

Expected error: that of the profile's card; 15 % and more where nothing was measured. Ignored: caches in front of
flash, lines that the data cache drops before their last use, interrupts, the second core of parts that have one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from costsim.devices.base import Detour, DeviceModel, Footprint, Memory, Placed, Placement, Roofs, RunConfig
from costsim.devices.kernels.energy import energy_parts_j
from costsim.devices.mcu.detours import detours_of
from costsim.devices.mcu.fits import SPOKEN, check_fits, lacking, placements_of, said_of
from costsim.devices.mcu.kernels import window_elems
from costsim.devices.mcu.memory import occupancy, patches_of
from costsim.devices.mcu.paces import arithmetic_cycles, soft_element_cycles
from costsim.devices.mcu.profile import FLASHES, McuProfile
from costsim.hardware.profile import Profile
from costsim.tables.costtable import CostTable
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array


class McuModel(DeviceModel[McuProfile]):
    """One in-order core, an arena in SRAM, weights in flash."""

    profile_type: ClassVar[type[Profile]] = McuProfile
    plans_each_network: ClassVar[bool] = True

    def plan(self, ops: OpTable, profile: McuProfile, run: RunConfig) -> OpTable:
        """Refuse what the part cannot hold.

        Raises:
            DoesNotFitError: the arena is larger than SRAM, or weights and code than flash.
        """
        for network in ops.split():
            for point in range(ops.points):
                check_fits(network.at_point(point), profile)
        return ops

    def costs(self, ops: OpTable, profile: McuProfile, run: RunConfig) -> CostTable:
        fit, cycle_s = profile.fitted, profile.fitted.core_cycles / profile.hardware.clock_hz
        weights_s = ops.weight_bytes / (profile.weights_bytes_per_s * fit.flash_ratio)
        multiplies, soft = ops.kind == MAC, soft_element_cycles(profile, run.dtype)
        arithmetic_s = arithmetic_cycles(ops, profile, run.dtype) * cycle_s
        times = patches_of(ops, profile.runtime)
        map_bytes, outside = times * (ops.input_bytes + ops.output_bytes), profile.arena_outside
        store = _store(profile)
        traffic = {store: ops.weight_bytes}
        traffic[profile.runtime.arena_in] = traffic.get(profile.runtime.arena_in, 0.0) + map_bytes
        limits = {
            "arithmetic": times * arithmetic_s,
            "windows": times * window_elems(ops, profile.runtime) * fit.window_cycles * cycle_s,
            "outputs": times * np.where(multiplies, ops.output_elems, 0.0) * (fit.output_cycles + soft) * cycle_s,
            "weights": _dense_weights(ops) * fit.weight_cycles * cycle_s,
            "elements": times * _element_cycles(ops, profile, soft) * cycle_s,
        }
        limits |= _without_line_fills(limits, map_bytes, profile)
        limits[store] = np.maximum(weights_s - arithmetic_s, 0.0)
        if outside is not None:
            limits["external_ram"] = limits.get("external_ram", 0.0) + map_bytes / outside.bandwidth_bytes_per_s
        table = CostTable(
            ceilings=limits,
            overheads={"dispatch": np.zeros_like(arithmetic_s) + fit.op_cycles * cycle_s},
            traffic=traffic,
            overlap=1.0,
        )
        energy = profile.hardware.energy
        if energy is None:
            return table
        parts = energy_parts_j(energy, ops.macs, map_bytes, ops.weight_bytes, table.latency_s, ops.reads_input[:, None])
        return replace(table, energy_parts_j=parts)

    def roofs(self, profile: McuProfile, run: RunConfig) -> Roofs:
        hw, paces = profile.hardware, dict[str, Array | float]()
        if not np.any(np.isinf(profile.weights_bytes_per_s)):
            paces[_store(profile)] = profile.weights_bytes_per_s
        if profile.arena_outside is not None:
            paces["external_ram"] = profile.arena_outside.bandwidth_bytes_per_s
        return Roofs(hw.clock_hz * hw.macs_per_cycle[run.dtype], paces)

    def detours(self, ops: OpTable, profile: McuProfile, run: RunConfig) -> Sequence[Detour]:
        return detours_of(ops, profile, run, lambda table, part: self.costs(table, part, run).latency_s)

    def placements(self, ops: OpTable, profile: McuProfile, run: RunConfig) -> Sequence[Placement]:
        return list(placements_of(ops, profile))

    def channel_tile(self, profile: McuProfile, run: RunConfig) -> int:
        return int(profile.runtime.padded_rows)

    def unavoidable_dram_bytes(self, ops: OpTable, profile: McuProfile) -> Array:
        return np.zeros(ops.points)

    def footprint(self, ops: OpTable, profile: McuProfile, run: RunConfig) -> Footprint:
        """SRAM of the arena and of descriptions beside it, flash of weights and code."""
        held, runtime, memory = occupancy(ops, profile.runtime), profile.runtime, profile.hardware.memory
        taken, outside = held.taken_bytes(profile), profile.arena_outside is not None
        own = "sram" if outside else runtime.arena_in
        size = getattr(memory, own).size_bytes
        return Footprint(
            onchip_used_bytes=taken[own],
            onchip_bytes=size,
            spilled_bytes=held.arena_bytes if outside else max(taken[own] - size, 0.0),
            fits=lacking(held, profile) is None,
            arena_bytes=held.arena_bytes,
            flash_bytes=held.flash_bytes,
            arena_peak=ops.labels[held.peak_row].name,
            arena_memory=SPOKEN[runtime.arena_in],
        )

    def memories(self, ops: OpTable, profile: McuProfile, run: RunConfig) -> Sequence[Memory]:
        taken = occupancy(ops, profile.runtime).taken_bytes(profile)
        return [Memory(name, used, getattr(profile.hardware.memory, name).size_bytes) for name, used in taken.items()]

    def memory_map(self, ops: OpTable, profile: McuProfile, run: RunConfig) -> Sequence[Placed]:
        return occupancy(ops, profile.runtime).memory_map(len(ops))

    def notes(self, ops: OpTable, profile: McuProfile, run: RunConfig) -> tuple[str, ...]:
        return said_of(ops, profile, run.dtype)


def _store(profile: McuProfile) -> str:
    """What the time of reading weights is called: ``flash``, wherever that lies, or the RAM that holds a copy."""
    return "flash" if profile.runtime.weights_in in FLASHES else profile.runtime.weights_in


def _without_line_fills(limits: Mapping[str, Array], map_bytes: Array, profile: McuProfile) -> dict[str, Array]:
    """The limits of values moved where maps lie in tightly coupled memory; none of them elsewhere [s].

    ``moved * (1 - min(map_bytes / sram_bandwidth / sum of moved, 1))``. Ignores lines that are filled more than once.
    Expected error: unknown, no network was measured with its maps in both memories.
    """
    bandwidth = profile.hardware.memory.sram.bandwidth_bytes_per_s
    if profile.runtime.arena_in != "dtcm" or bandwidth is None:
        return {}
    moved = {name: limits[name] for name in ("windows", "outputs", "elements")}
    whole = np.maximum(sum(moved.values()), np.finfo(float).tiny)
    kept = 1 - np.minimum(map_bytes / bandwidth / whole, 1.0)
    return {name: limit * kept for name, limit in moved.items()}


def _element_cycles(ops: OpTable, profile: McuProfile, soft: Array | float) -> Array:
    """What reading and writing elements costs ops without weights, and products of elements besides [cycles]."""
    fit = profile.fitted
    moved = np.where(ops.kind == MAC, 0.0, ops.input_elems + ops.output_elems) * (fit.element_cycles + soft)
    return moved + np.where(ops.is_op("mul", "div"), ops.output_elems, 0.0) * fit.product_cycles


def _dense_weights(ops: OpTable) -> Array:
    """Weights of convolutions that sum over channels [elements]; a product with one vector meets each only once."""
    return np.where(ops.convolves & ~ops.is_depthwise, ops.weight_elems, 0.0)
