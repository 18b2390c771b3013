"""Accelerator family: an array of multipliers, one on-chip buffer of fixed size, memory beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from costsim.devices.accelerator.area import area_mm2
from costsim.devices.accelerator.pipeline import parts_in_words, pipeline_costs
from costsim.devices.accelerator.planning import bank_bytes, plan_networks
from costsim.devices.accelerator.prefetch import fetched_ahead
from costsim.devices.accelerator.pricing import cores_at_work, cost_table, energy_of
from costsim.devices.accelerator.profile import AcceleratorProfile
from costsim.devices.accelerator.rules import runs_on_host, uncached_weight_bytes
from costsim.devices.accelerator.stream import images_per_s
from costsim.devices.accelerator.work import MovedRows, work_of
from costsim.devices.base import DeviceModel, Footprint, Memory, Roofs, RunConfig
from costsim.hardware.profile import Profile
from costsim.scheduling import verdict
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


class AcceleratorModel(DeviceModel[AcceleratorProfile]):
    """Ceilings: ``array`` (products, with the array's quantisation), ``vector`` (pooling, element-wise ops,
    copies), ``onchip`` (the buffer's bandwidth), ``dram``, ``flash`` (weights, where they have their own
    memory), ``host`` (ops that fall back). Overheads: ``dispatch`` per op, ``invoke`` per inference; where the
    profile has them ``convert`` (the host changes layout and format of input and outputs) and ``handover`` (per op
    on the host); of a pipeline ``swap`` (weights of parts that take turns) and ``fill`` (the first image's way
    through all stages).
    """

    profile_type: ClassVar[type[Profile]] = AcceleratorProfile
    plans_each_network: ClassVar[bool] = True

    def plan(self, ops: OpTable, profile: AcceleratorProfile, run: RunConfig) -> OpTable:
        return ops.with_plans(plan_networks(ops, profile, run.threads))

    def costs(self, ops: OpTable, profile: AcceleratorProfile, run: RunConfig) -> CostTable:
        if ops.plans is None:
            ops = self.plan(ops, profile, run)
        return self.kind_costs(ops, profile, run).per_op()

    def kind_costs(self, ops: OpTable, profile: AcceleratorProfile, run: RunConfig) -> CostTable:
        if profile.runtime.spread == "pipeline":
            return pipeline_costs(ops, profile, run)
        plan, work = ops.plan, work_of(ops, profile)
        assert plan is not None
        if profile.runtime.fetches_ahead:
            rows = MovedRows.each(work, plan.activation_bytes, plan.weight_bytes)
            table = fetched_ahead(rows, ops.networks.place == 0, profile, run.threads)
        else:
            rows = plan.kept.get(
                "rows", (work,), lambda: MovedRows.of(work, work.kind_of, plan.activation_bytes, plan.weight_bytes)
            )
            table = cost_table(rows.work, rows.activation_bytes, rows.weight_bytes, profile, run.threads)
        offchip_bytes = rows.activation_bytes + rows.weight_bytes
        return replace(
            table,
            traffic={"dram": offchip_bytes, "onchip": rows.work.onchip_bytes},
            energy_parts_j=energy_of(rows.work, profile, offchip_bytes, table.latency_s),
            kind_of=rows.of_row,
        )

    def images_per_s(self, ops: OpTable, costs: CostTable, profile: AcceleratorProfile, run: RunConfig) -> float:
        return images_per_s(ops, costs, profile)

    def footprint(self, ops: OpTable, profile: AcceleratorProfile, run: RunConfig) -> Footprint:
        if ops.plan is None:
            return Footprint()
        held = verdict(ops, float(np.max(profile.hardware.memory.onchip.size_bytes)))
        return Footprint(held.used_bytes, held.size_bytes, held.spilled_bytes, held.fits)

    def memories(self, ops: OpTable, profile: AcceleratorProfile, run: RunConfig) -> Sequence[Memory]:
        if ops.plan is None:
            return ()
        onchip, cache = profile.hardware.memory.onchip, profile.hardware.memory.parameter_cache
        held = [Memory("onchip", verdict(ops, onchip.size_bytes).used_bytes, onchip.size_bytes)]
        sizes = onchip.banks.size_bytes if onchip.banks is not None else ()
        used = bank_bytes(ops, profile)
        held += [Memory(f"onchip bank {n}", *each) for n, each in enumerate(zip(used, sizes, strict=True))]
        if cache is not None:
            stored = profile.hardware.array.stored_weight_elems(ops) * ops.weight_elem_bytes
            kept = float((stored - uncached_weight_bytes(ops, profile)).sum())
            held.append(Memory("parameter cache", kept, cache.size_bytes))
        return held

    def roofs(self, profile: AcceleratorProfile, run: RunConfig) -> Roofs:
        hw, memory = profile.hardware, profile.hardware.memory
        levels = {"dram": memory.offchip.bandwidth_bytes_per_s, "onchip": memory.onchip.bandwidth_bytes_per_s}
        return Roofs(hw.clock_hz * hw.array.macs_per_cycle * cores_at_work(profile, run.threads), levels)

    def figures(self, profile: AcceleratorProfile) -> dict[str, Any]:
        hw, onchip = profile.hardware, profile.hardware.memory.onchip
        macs = hw.array.macs_per_cycle * hw.cores
        sizes = onchip.size_bytes + (0.0 if onchip.weight_size_bytes is None else onchip.weight_size_bytes)
        return {"array_macs": macs, "onchip_bytes": sizes, "area_mm2": area_mm2(macs, sizes)}

    def notes(self, ops: OpTable, profile: AcceleratorProfile, run: RunConfig) -> tuple[str, ...]:
        on_host, hw, host = runs_on_host(ops, profile), profile.hardware, profile.hardware.host
        held = str(verdict(ops, hw.memory.onchip.size_bytes))
        notes = [f"{profile.name}: {parts_in_words(ops) if profile.runtime.spread == 'pipeline' else held}"]
        if host is not None and on_host.any():
            words = dict.fromkeys(word for word, falls in zip(ops.device_words, on_host[:, 0], strict=True) if falls)
            notes.append(f"{int(on_host.sum())} ops fall back to the {host.core}: {', '.join(words)}")
        return tuple(notes)

    def channel_tile(self, profile: AcceleratorProfile, run: RunConfig) -> int:
        return int(np.max(profile.hardware.array.grain[1]))

    def fewest_macs(self, ops: OpTable, profile: AcceleratorProfile, run: RunConfig) -> Array:
        fewest: Array = profile.hardware.array.fewest_macs(ops)
        return fewest

    def unavoidable_dram_bytes(self, ops: OpTable, profile: AcceleratorProfile) -> Array:
        weights = np.minimum(uncached_weight_bytes(ops, profile), ops.weight_bytes).sum(axis=0)
        if profile.runtime.spread == "pipeline":
            weights = np.zeros_like(weights)  # they stay on the chip where they fit
        if profile.runtime.keeps_outside_maps:
            return weights
        maps = super().unavoidable_dram_bytes(ops, profile) - ops.weight_bytes.sum(axis=0)
        return weights + (maps if profile.hardware.memory.dram is not None else 0.0)
