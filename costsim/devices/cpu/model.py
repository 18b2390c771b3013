"""CPUs: register tiles, caches, shared memory, threads.

Every row is computed by one kernel (``costsim.devices.cpu.partition``); its work is priced here, once.
Ceilings, each in seconds with all threads at work:

- ``arithmetic``: multiply-accumulates as issued (tile tails, Winograd) and other vector arithmetic;
- ``register_loads``: values from the first cache level into registers, what limits in-order cores;
- ``l2``: bytes from the second cache level, panels read again for every row tile included;
- ``weight_stream``: weights of matrix-vector products, at the pace one core waits for data it uses once, and those
  that a fully connected kernel streams again for every few rows;
- ``dram``: weights, and whatever did not stay in the last cache level.

Where cores wait for memory (``runtime.waits_for_memory``), the last two are none; the wait is in two overheads:
``l3``, bytes from beyond the second cache level, and ``dram_wait``, bytes from beyond the last.

Overheads: ``packing`` (im2col, panels, padding), ``winograd_transform``, ``dispatch``, ``groups``, ``reorder``
(copies between blocked and plain tensors, on runtimes with both) and ``repacking`` (packs of channels that change).

The arithmetic law counts multiplications really executed: Winograd does fewer than the layer's
multiply-accumulates, so a convolution may take less time than its macs over peak.

A batch runs image by image, as mobile runtimes do: n images cost n times one. Only ``traffic`` counts a first
run from cold caches; times are of a run after another where weights stay (``runtime.weights_stay``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from costsim.devices.base import DeviceModel, Footprint, Roofs, RunConfig
from costsim.devices.cpu.kernels.direct import macs_inside
from costsim.devices.cpu.kernels.elementwise import vector_instructions
from costsim.devices.cpu.kernels.int8 import int8_takes_winograd
from costsim.devices.cpu.kernels.threads import concurrency, parallel_ratio
from costsim.devices.cpu.kernels.winograd import takes_winograd
from costsim.devices.cpu.layout import Layout, layout_of
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.memory import Misses, read_bytes, reread_bytes, tensor_bytes
from costsim.devices.cpu.packs import repacked_bytes
from costsim.devices.cpu.partition import partitioned_work
from costsim.devices.cpu.precision import computes_in_int8, converted_bytes, in_precision
from costsim.devices.cpu.process import process_bytes
from costsim.devices.cpu.profile import CpuProfile
from costsim.devices.cpu.work import Rows, Sustains, Work
from costsim.devices.kernels.cache import miss_ratio
from costsim.hardware.profile import Profile
from costsim.hardware.vary import points
from costsim.tables.costtable import CostTable, Product
from costsim.tables.equal_rows import EqualRows
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


class CpuModel(DeviceModel):
    """Cores with vector units behind caches."""

    profile_type: ClassVar[type[Profile]] = CpuProfile
    mixes_dtypes: ClassVar[bool] = True

    def plan(self, ops: OpTable, profile: Any, run: RunConfig) -> OpTable:
        """Nothing is planned but which tensors of a run in int8 are int8."""
        return in_precision(ops, profile, run)

    def costs(self, ops: OpTable, profile: Any, run: RunConfig) -> CostTable:
        return self.kind_costs(ops, profile, run).per_op()

    def kind_costs(self, ops: OpTable, profile: Any, run: RunConfig) -> CostTable:
        machine = CpuMachine.of(profile, run)
        rows = _distinct_rows(ops, machine, once=ops.points == points(profile) == 1)
        one = _one_image(rows, machine)
        if np.all(rows.images == 1):
            return one
        return replace(
            one,
            ceilings={name: rows.images * seconds for name, seconds in one.ceilings.items()},
            overheads={name: rows.images * seconds for name, seconds in one.overheads.items()},
            traffic={level: rows.images * moved for level, moved in one.traffic.items()},
        )

    def roofs(self, profile: Any, run: RunConfig) -> Roofs:
        hw, dram = profile.hardware, profile.hardware.memory.dram
        bandwidth = np.minimum(dram.one_core_bandwidth_bytes_per_s * run.threads, dram.bandwidth_bytes_per_s)
        return Roofs(hw.clock_hz * hw.macs_per_cycle[run.dtype] * run.threads, {"dram": bandwidth})

    def footprint(self, ops: OpTable, profile: Any, run: RunConfig) -> Footprint:
        resident = profile.runtime.resident_bytes
        if resident is None:
            return Footprint()
        work, panels = work_of(ops, CpuMachine.of(profile, run)), profile.runtime.holds_panels
        return Footprint(process_bytes=process_bytes(ops, work, resident, holds_panels=panels))

    def fewest_macs(self, ops: OpTable, profile: Any, run: RunConfig) -> Array:
        rules = profile.runtime.winograd
        if profile.runtime.blocked_layout is not None:
            return macs_inside(ops)
        takes = takes_winograd(ops, profile.runtime)
        if run.dtype == "int8" and profile.runtime.int8 is not None:
            rules, takes = profile.runtime.int8.winograd, int8_takes_winograd(ops, profile.runtime.int8)
        if rules is None:
            return ops.macs
        patch = max(rules.small_patch, rules.large_patch)
        return np.where(takes, ops.macs / (3 * patch / (patch + 2)) ** 2, ops.macs)

    def unavoidable_dram_bytes(self, ops: OpTable, profile: Any) -> Array:
        """As for every device, with the weights in the format they are kept in."""
        machine = CpuMachine.of(profile, RunConfig(profile.runtime.dtypes[0]))
        stored = work_of(ops, machine).weight_bytes
        kept_smaller = np.minimum(stored, ops.weight_bytes) - ops.weight_bytes
        return super().unavoidable_dram_bytes(ops, profile) + kept_smaller.sum(axis=0)

    def channel_tile(self, profile: Any, run: RunConfig) -> int:
        blocks = profile.runtime.blocked_layout
        return int(profile.runtime.microkernel.rows if blocks is None else blocks.block)


@dataclass(frozen=True)
class _PricedRows:
    """Equal rows of a table once, for one image, with what the caches keep between ops."""

    ops: OpTable
    work: Work
    layout: Layout
    converted_bytes: Array
    repacked_bytes: Array
    misses: Misses
    images: Array
    kind_of: np.ndarray
    """``(rows of the table,)`` which of these rows each is."""


@dataclass(frozen=True)
class _WorkedRows:
    """The work of equal rows once; it depends on no cache beyond the first and on no fitted rate."""

    rows: Rows
    """All of them."""
    equal: EqualRows
    work: Work
    """Of the first of each kind."""
    scratch_bytes: Array
    """Written and read by those beside their tensors."""


def _distinct_rows(ops: OpTable, machine: CpuMachine, *, once: bool) -> _PricedRows:
    lanes = (machine.runtime, machine.vector_bytes, machine.load_slot_bytes, machine.int8_macs_per_cycle is None)
    own = (*lanes, machine.l1_bytes, once)
    worked = ops.kept.get("CPU work", own, lambda: _work_out(ops, machine, once))
    given = (*own, machine.l2_bytes, machine.last_level_bytes)
    return ops.kept.get("CPU rows", given, lambda: _placed(ops, worked, machine, once))


def _work_out(ops: OpTable, machine: CpuMachine, once: bool) -> _WorkedRows:
    """Rows that are equal do the same work."""
    images = _per_image(ops)
    layout = ops.kept.get("layout", (machine.runtime,), lambda: layout_of(images, machine.runtime.blocked_layout))
    rows = Rows(images, layout, converted_bytes(images, machine.runtime), repacked_bytes(images, machine))
    columns = [*ops.columns().values(), ops.word_of[:, None]]
    if machine.runtime.blocked_layout is not None:
        columns += layout.columns
    if machine.int8_macs_per_cycle is not None:
        columns.append(rows.converted_bytes)
    if machine.runtime.plain_tensor_ops is not None:
        columns.append(rows.repacked_bytes)
    equal = EqualRows.each(len(ops)) if once else EqualRows.of(columns)
    firsts = rows if once else rows.take(equal.first)
    work = partitioned_work(firsts, machine)
    scratch = np.asarray(work.packed + work.transformed) * work.value_bytes(firsts.ops)
    return _WorkedRows(rows, equal, work, scratch)


def _placed(ops: OpTable, worked: _WorkedRows, machine: CpuMachine, once: bool) -> _PricedRows:
    """Rows of the same work whose tensors are as far from their readers cost the same."""
    rows, work, of_row = worked.rows, worked.work, worked.equal.of_row
    misses = Misses.of(rows.ops, work.weight_bytes[of_row], worked.scratch_bytes[of_row], machine)
    if once:
        between = rows.converted_bytes, rows.repacked_bytes
        return _PricedRows(rows.ops, work, rows.layout, *between, misses, ops.n, of_row)
    kinds = EqualRows.of([of_row[:, None], *misses.columns])
    first = kinds.first
    return _PricedRows(
        rows.ops.take(first),
        work.take(of_row[first]),
        rows.layout.take(first),
        rows.converted_bytes[first],
        rows.repacked_bytes[first],
        misses.take(first),
        ops.n[first],
        kinds.of_row,
    )


def work_of(ops: OpTable, machine: CpuMachine) -> Work:
    """The work of every row of a table, for one image of its batch."""
    images = _per_image(ops)
    layout = layout_of(images, machine.runtime.blocked_layout)
    rows = Rows(images, layout, converted_bytes(images, machine.runtime), repacked_bytes(images, machine))
    return partitioned_work(rows, machine)


def _per_image(ops: OpTable) -> OpTable:
    """The same ops on one image of the batch."""
    shared = ("input_elems", "output_elems", "macs", "flops", "epilogue_flops")
    return replace(ops, n=np.ones_like(ops.n), **{name: getattr(ops, name) / ops.n for name in shared})


def _one_image(rows: _PricedRows, machine: CpuMachine) -> CostTable:
    """Seconds of one image.

    With ``items`` units of work, ``T`` threads and ``others`` of them at work beside the slowest one::

        slowed   = ceil(items / T) / items (1 + contention others)
        ceilings = cycles cycle_s slowed;  l2 is slowed by l2_contention too
        copies   = bytes / bytes_per_cycle cycle_s (1 + contention (T - 1)) / T
        dispatch = (op_overhead + thread_overhead (T - 1)) (ops executed for the layer + copies) + calls call_overhead

    Source: fitted, see the profiles' cards, which state the error. Ignores: unlike cores, frequency that falls
    with load, other processes.
    """
    ops, work, fit, threads = rows.ops, rows.work, machine.fitted, np.asarray(machine.threads, dtype=float)
    cycle_s, runtime = machine.cycle_s, machine.runtime
    others = concurrency(work.items, threads) - 1
    divided = parallel_ratio(work.items, threads)  # whole channels or tiles go to a thread
    slowed = divided * (1 + fit.contention_ratio * others)
    crowded = divided * (1 + (fit.contention_ratio + fit.l2_contention_ratio) * others)
    evenly = (1 + fit.contention_ratio * (threads - 1)) / threads
    dispatches = ops.by_op(runtime.dispatches, 1.0) + rows.layout.copies
    call_overhead_s = fit.blocked.call_overhead_s if fit.blocked else 0.0
    memory = _memory_times(rows, machine, threads)
    value = work.value_bytes(ops)
    return CostTable(
        ceilings={
            "arithmetic": Product(_arithmetic_cycles(rows, machine) * slowed, cycle_s),
            "register_loads": Product(work.loads * value / machine.load_bytes_per_cycle * slowed, cycle_s),
            "l2": Product(work.l2_reads * value / fit.l2_bytes_per_cycle * crowded, cycle_s),
            **_stream_ceiling(work, machine, slowed),
            **memory.ceilings,
        },
        overheads={
            "packing": 2 * work.packed * value / _pack_rate(rows, machine) * evenly * cycle_s
            + memory.packing_s,
            "winograd_transform": 2 * work.transformed * value / fit.transform_bytes_per_cycle * evenly
            * cycle_s + memory.transform_s,
            "dispatch": dispatches * (fit.op_overhead_s + fit.thread_overhead_s * (threads - 1))
            + work.calls * call_overhead_s,
            "groups": np.zeros_like(divided) + work.products * fit.group_overhead_s,
            **_reorder_overhead(rows, machine, threads),
            **_conversion_overhead(rows, machine, evenly),
            **_repacking_overhead(rows, machine, evenly),
            **memory.overheads,
        },
        traffic={"dram": memory.traffic_bytes},
        overlap=fit.overlap,
        kind_of=rows.kind_of,
    )  # fmt: skip


def _arithmetic_cycles(rows: _PricedRows, machine: CpuMachine) -> Array:
    """Cycles one core needs for the arithmetic alone, ``(ops, points)``.

        macs / (peak sustained) + tiles tile_cycles + lane operations / (peak vector_ratio)

    A word in plain code fills one lane of a vector, or takes the cycles an operation that the runtime states.
    """
    ops, work, fit, runtime = rows.ops, rows.work, machine.fitted, machine.runtime
    peak = machine.peak_macs_per_cycle
    sustained = np.zeros((1, 1))
    for kind in map(Sustains, map(int, set(np.ravel(work.sustains).tolist()))):
        sustained = np.where(work.sustains == kind, machine.peak(kind.in_int8) * kind.ratio(fit), sustained)
    scalar = np.where(ops.is_op(*runtime.scalar_ops), machine.lanes(ops.elem_bytes), 1.0)
    widened = work.value_bytes(ops) / ops.elem_bytes  # fewer fill a vector
    other = vector_instructions(ops, runtime) * np.maximum(scalar, widened)
    cycles = work.macs / sustained + other / (peak * fit.vector_ratio)
    if fit.blocked is not None:
        cycles = cycles + work.tiles * fit.blocked.tile_cycles
    one_by_one = ops.by_op(runtime.plain_op_cycles, 0.0) * ~rows.layout.blocked
    return np.where(one_by_one > 0, one_by_one * ops.flops, cycles)


def _stream_ceiling(work: Work, machine: CpuMachine, slowed: Array) -> dict[str, Product]:
    """The wait for weights used once, unless all waits for memory are overheads."""
    if machine.runtime.waits_for_memory:
        return {}
    fit, in_int8 = machine.fitted, np.asarray(work.sustains) == Sustains.INT8
    rate = np.where(np.asarray(work.weight_streams) > 1, fit.linear_rows_bytes_per_cycle, fit.linear_bytes_per_cycle)
    if fit.int8 is not None:
        rate = np.where(in_int8, fit.int8.linear_bytes_per_cycle, rate)
    cycles = work.weight_streams * work.weight_bytes / rate
    return {"weight_stream": Product(cycles * slowed, machine.cycle_s)}


def _reorder_overhead(rows: _PricedRows, machine: CpuMachine, threads: Any) -> dict[str, Array]:
    """Copies between blocked and plain tensors."""
    rates = machine.fitted.blocked
    if machine.runtime.blocked_layout is None or rates is None:
        return {}
    copied_bytes = rows.layout.copied_elems * rows.ops.elem_bytes
    return {"reorder": copied_bytes / rates.reorder_bytes_per_cycle * machine.cycle_s / threads}


def _pack_rate(rows: _PricedRows, machine: CpuMachine) -> Any:
    """Bytes a cycle that panels are packed at: int8 kernels have a rate of their own."""
    fit, ops = machine.fitted, rows.ops
    if machine.int8_macs_per_cycle is None or fit.int8 is None:
        return fit.pack_bytes_per_cycle
    return np.where(computes_in_int8(ops), fit.int8.pack_bytes_per_cycle, fit.pack_bytes_per_cycle)


def _conversion_overhead(rows: _PricedRows, machine: CpuMachine, evenly: Array | float) -> dict[str, Array]:
    """Passes between int8 and floats."""
    if machine.int8_macs_per_cycle is None or not (rules := machine.runtime.int8) or not rules.float_between:
        return {}
    assert machine.fitted.int8 is not None  # profiles that run int8 have it
    rate = machine.fitted.int8.convert_bytes_per_cycle
    return {"conversion": rows.converted_bytes / rate * evenly * machine.cycle_s}


def _repacking_overhead(rows: _PricedRows, machine: CpuMachine, evenly: Array | float) -> dict[str, Array]:
    """Passes that change packs of channels; they stream at the pace of the second cache level."""
    if machine.runtime.plain_tensor_ops is None:
        return {}
    return {"repacking": rows.repacked_bytes / machine.fitted.l2_bytes_per_cycle * evenly * machine.cycle_s}


@dataclass(frozen=True)
class _MemoryTimes:
    """What memory adds to an op, and the bytes behind it in a first run."""

    ceilings: dict[str, Array]
    overheads: dict[str, Array]
    packing_s: Array | float
    transform_s: Array | float
    traffic_bytes: Array


def _memory_times(rows: _PricedRows, machine: CpuMachine, threads: Any) -> _MemoryTimes:
    """Memory as a ceiling by the phase of the op that moves the bytes, or as two overheads.

        dram_s    = bytes / min(one core's bandwidth x threads at work, bandwidth)
        ceiling   : tensors + rereads / T + spilled scratch, once; packing and transforms wait for the other half
        overheads : dram_wait = tensors + rereads / T + 2 spilled scratch;  l3 = bytes past l2 / (rate T)

    Threads work on different rows of one panel at about the same time: they share what is fetched from memory.
    Source: STREAM-like bandwidths of the profiles, shares fitted. Ignores: pages, prefetch, writes that allocate.
    """
    ops, work, misses, capacity = rows.ops, rows.work, rows.misses, machine.last_level_bytes
    byte_s = 1 / np.minimum(
        machine.one_core_dram_bytes_per_s * np.minimum(threads, work.items), machine.dram_bytes_per_s
    )
    value = work.value_bytes(ops)
    packed_bytes, transformed_bytes = work.packed * value, work.transformed * value
    scratch = packed_bytes + transformed_bytes
    spilled = miss_ratio(scratch, capacity)
    rereads = reread_bytes(ops, work, capacity) / threads
    extra = rereads + 2 * spilled * scratch
    cold = tensors = tensor_bytes(ops, work, misses.cold, machine)
    if misses.last is not misses.cold:
        tensors = tensor_bytes(ops, work, misses.last, machine)
    if not machine.runtime.waits_for_memory:
        fetched = read_bytes(ops, work, misses.last, machine)
        before = machine.runtime.packs_ahead * (work.packed > 0) * fetched
        return _MemoryTimes(
            ceilings={"dram": (tensors + rereads + spilled * scratch - before) * byte_s},
            overheads={},
            packing_s=(spilled * packed_bytes + before) * byte_s,
            transform_s=spilled * transformed_bytes * byte_s,
            traffic_bytes=cold + extra,
        )
    rates = machine.fitted.blocked
    assert rates is not None  # profiles that wait have it
    past_l2 = work.passes * tensor_bytes(ops, work, misses.l2, machine) + reread_bytes(ops, work, machine.l2_bytes)
    return _MemoryTimes(
        ceilings={},
        overheads={
            "l3": past_l2 / rates.l3_bytes_per_cycle * machine.cycle_s / threads,
            "dram_wait": (tensors + extra) * byte_s,
        },
        packing_s=0.0,
        transform_s=0.0,
        traffic_bytes=cold + extra,
    )
