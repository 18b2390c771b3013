"""CPU runtimes that keep tensors in blocks of channels: direct convolutions, copies between layouts, a third cache.

Laid over what the family prices for packed matrix products. Rows on blocked tensors get the work of
direct kernels. Three overheads say what those runtimes wait for: ``l3`` and ``dram`` for bytes that
the caches before do not hold, ``reorder`` for copies between blocked and plain tensors. They are no
ceilings: measured, a kernel waits for weights it has not seen yet, whatever else it has to do.

Networks are taken to run again and again, as benchmarks and services do: weights that fit a cache
stay in it. Only ``traffic`` counts a first run, from cold caches.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from costsim.devices.base import RunConfig
from costsim.devices.cpu_layout import layout_of
from costsim.devices.cpu_profile import BlockedFitted, BlockedLayout, CpuProfile
from costsim.devices.kernels.cache import activation_misses, miss_ratio, misses_after_a_run
from costsim.devices.kernels.direct import DirectWork, depthwise_work, direct_work
from costsim.devices.kernels.elementwise import vector_instructions
from costsim.devices.kernels.threads import concurrency, parallel_ratio
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


def with_blocks(plain: CostTable, ops: OpTable, profile: CpuProfile, run: RunConfig) -> CostTable:
    """``plain``, the costs of ``ops`` on plain tensors, with all that the runtime's blocked layout changes."""
    rules, rates = blocked_parts(profile)
    hw, runtime, fit, threads = profile.hardware, profile.runtime, profile.fitted, np.asarray(run.threads, dtype=float)
    layout = ops.kept.get("layout", (rules,), lambda: layout_of(ops, rules))
    convolves, carries = layout.blocked & (ops.macs > 0), layout.blocked
    work = _direct(ops, rules, layout.reads_plain, hw.memory.l1.size_bytes)
    on_plain = plain.limits
    cycle_s = 1 / (hw.clock_hz * fit.clock_ratio)
    slowed_s = _slowdown(work, profile, threads) * cycle_s

    arithmetic = np.where(convolves, _arithmetic_cycles(ops, work, profile, run) * slowed_s, on_plain["arithmetic"])
    one_by_one = ops.by_op(runtime.plain_op_cycles, 0.0) * ~carries
    arithmetic = np.where(one_by_one > 0, one_by_one * ops.flops * cycle_s / threads, arithmetic)
    passes = ops.by_op(runtime.passes, 1.0)
    loads_s = work.loads * ops.elem_bytes / (hw.load_bytes_per_cycle * fit.load_ratio) * slowed_s
    l2_s = work.l2_reads * ops.elem_bytes / fit.l2_bytes_per_cycle * slowed_s
    memory = _Memory(ops, np.where(convolves, work.rereads, 0.0), profile)
    return replace(
        plain,
        ceilings={
            "arithmetic": arithmetic,
            "register_loads": np.where(convolves, loads_s, on_plain["register_loads"] * passes),
            "l2": np.where(convolves, l2_s, on_plain["l2"] * passes),
        },
        overheads={
            **plain.overheads,
            "packing": np.where(convolves, 0.0, on_plain["packing"]),
            "groups": np.where(convolves, 0.0, on_plain["groups"]),
            "dispatch": on_plain["dispatch"] * (ops.by_op(runtime.dispatches, 1.0) + layout.copies)
            + convolves * rates.call_overhead_s,
            "reorder": layout.copied_elems * ops.elem_bytes / rates.reorder_bytes_per_cycle * cycle_s / threads,
            "l3": memory.l3_bytes * passes / rates.l3_bytes_per_cycle * cycle_s / threads,
            "dram": memory.dram_bytes / _dram_bytes_per_s(profile, threads),
        },
        traffic={"dram": np.where(convolves, memory.cold_dram_bytes, plain.traffic["dram"])},
    )


def blocked_parts(profile: CpuProfile) -> tuple[BlockedLayout, BlockedFitted]:
    """The two blocks of a profile that its validation keeps together."""
    rules, rates = profile.runtime.blocked_layout, profile.fitted.blocked
    assert rules is not None and rates is not None
    return rules, rates


def _direct(ops: OpTable, rules: BlockedLayout, reads_plain: np.ndarray, l1_bytes: Any) -> DirectWork:
    dense = direct_work(ops, rules.block, rules.pixels, rules.filters, reads_plain, l1_bytes)
    depthwise = vars(depthwise_work(ops, rules.block, rules.pixels))
    is_deep = ops.is_depthwise
    return DirectWork(**{name: np.where(is_deep, depthwise[name], array) for name, array in vars(dense).items()})


def _arithmetic_cycles(ops: OpTable, work: DirectWork, profile: CpuProfile, run: RunConfig) -> Array:
    """Cycles one core needs for the arithmetic of direct kernels."""
    rates, peak = blocked_parts(profile)[1], profile.hardware.macs_per_cycle[run.dtype]
    sustained = np.where(ops.is_depthwise, rates.depthwise_ratio, rates.direct_ratio)
    other = vector_instructions(ops, profile.runtime.exponential_instructions) / (peak * profile.fitted.vector_ratio)
    return work.macs / (peak * sustained) + work.tiles * rates.tile_cycles + other


def _slowdown(work: DirectWork, profile: CpuProfile, threads: Any) -> Array:
    """Share of the work that the slowest thread does, and how others at work slow it down."""
    others = concurrency(work.items, threads) - 1
    return parallel_ratio(work.items, threads) * (1 + profile.fitted.contention_ratio * others)


def _dram_bytes_per_s(profile: CpuProfile, threads: Any) -> Any:
    dram, fit = profile.hardware.memory.dram, profile.fitted
    one_core = dram.one_core_bandwidth_bytes_per_s * fit.one_core_dram_ratio
    return np.minimum(one_core * threads, dram.bandwidth_bytes_per_s * fit.dram_ratio)


class _Memory:
    """Bytes beyond the second cache level, and beyond the last."""

    def __init__(self, ops: OpTable, rereads: Array, profile: CpuProfile) -> None:
        memory, fit = profile.hardware.memory, profile.fitted
        l2_bytes = memory.l2.size_bytes * blocked_parts(profile)[1].l2_ratio
        last_level_bytes = memory.last_level_bytes * fit.cache_ratio
        again = rereads * ops.elem_bytes * miss_ratio(ops.input_bytes, l2_bytes)
        self.l3_bytes = _missed_bytes(ops, l2_bytes, misses_after_a_run(ops, ops.weight_bytes, l2_bytes)) + again
        stays = misses_after_a_run(ops, ops.weight_bytes, last_level_bytes)
        self.dram_bytes = _missed_bytes(ops, last_level_bytes, stays)
        self.cold_dram_bytes = _missed_bytes(ops, last_level_bytes, np.ones_like(stays))


def _missed_bytes(ops: OpTable, capacity: Any, outside: Array) -> Array:
    """Bytes a cache of ``capacity`` does not hold; ``outside`` is that share of weights, input and results."""
    nothing = np.zeros_like(ops.weight_bytes)
    read, evicted = activation_misses(ops, ops.weight_bytes, nothing, capacity, outside)
    needed = np.where(ops.is_op("slice"), ops.output_bytes, ops.input_bytes)  # a slice reads what it keeps
    return outside * ops.weight_bytes + read * needed + evicted * ops.output_bytes
