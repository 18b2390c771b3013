"""Seconds of rows, from the work of their kernels and the paces of a machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.devices.cpu.kernels.elementwise import vector_instructions
from costsim.devices.cpu.kernels.threads import concurrency, parallel_ratio
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.memory import memory_times
from costsim.devices.cpu.precision import computes_in_int8
from costsim.devices.cpu.priced_rows import PricedRows
from costsim.devices.cpu.work import Sustains, Work
from costsim.tables.costtable import CostTable, Product
from costsim.tables.schema import Array


def one_image(rows: PricedRows, machine: CpuMachine) -> CostTable:
    """Seconds of one image.

    With ``items`` units of work, ``T`` threads and ``others`` of them at work beside the slowest one::

        slowed   = ceil(items / T) / items (1 + contention others)
        ceilings = cycles cycle_s slowed;  l2 is slowed by l2_contention too
        copies   = bytes / bytes_per_cycle cycle_s (1 + contention (T - 1)) / T
        dispatch = (op_overhead + thread_overhead (T - 1)) (ops executed for the layer + copies) + calls call_overhead

    An op whose leading dimension holds more than the network's batch, as windows of attention do, is executed once.

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
    dispatches = ops.by_op(runtime.dispatches, 1.0) * ~rows.attention.absorbed + rows.layout.copies
    dispatches = dispatches * rows.dispatched_ratio
    call_overhead_s = fit.blocked.call_overhead_s if fit.blocked else 0.0
    memory, value = memory_times(rows, machine, threads), work.elem_bytes
    return CostTable(
        ceilings={
            "arithmetic": Product(_arithmetic_cycles(rows, machine) * slowed, cycle_s),
            "register_loads": Product(work.loads * value / machine.load_bytes_per_cycle * slowed, cycle_s),
            "l2": Product(work.l2_reads * value / fit.l2_bytes_per_cycle * crowded, cycle_s),
            **_stream_ceiling(work, machine, divided, others),
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


def _arithmetic_cycles(rows: PricedRows, machine: CpuMachine) -> Array:
    """Cycles one core needs for the arithmetic alone, ``(ops, points)``.

        macs / (peak sustained) + tiles tile_cycles + lane operations / (peak vector_ratio)

    A word in plain code fills one lane of a vector, or takes the cycles an operation that the runtime states.
    """
    ops, work, fit, runtime = rows.ops, rows.work, machine.fitted, machine.runtime
    peak = machine.peak_macs_per_cycle
    sustained = np.zeros((1, 1))
    for kind in map(Sustains, map(int, set(np.ravel(work.sustains).tolist()))):
        sustained = np.where(work.sustains == kind, machine.peak(kind.in_int8) * kind.ratio(fit), sustained)
    in_plain_code = ops.is_op(*runtime.scalar_ops) & ~rows.attention.inside
    scalar = np.where(in_plain_code, machine.lanes(ops.elem_bytes), 1.0) * ~rows.attention.absorbed
    widened = work.elem_bytes / ops.elem_bytes  # fewer fill a vector
    other = vector_instructions(ops, runtime) * np.maximum(scalar, widened * ~rows.attention.absorbed)
    cycles = work.macs / sustained + other / (peak * fit.vector_ratio)
    if fit.blocked is not None:
        cycles = cycles + work.tiles * fit.blocked.tile_cycles
    one_by_one = ops.by_op(runtime.plain_op_cycles, 0.0) * ~rows.layout.blocked
    return np.where(one_by_one > 0, one_by_one * ops.flops, cycles)


def _stream_ceiling(work: Work, machine: CpuMachine, divided: Array, others: Array) -> dict[str, Product]:
    """The wait for weights used once, unless all waits for memory are overheads."""
    if machine.runtime.waits_for_memory:
        return {}
    fit, in_int8 = machine.fitted, np.asarray(work.sustains) == Sustains.INT8
    again = np.asarray(work.weight_streams) > 1
    of_rows = np.maximum(fit.linear_rows_bytes_per_cycle, fit.linear_bytes_per_cycle)
    rate = np.where(again, of_rows, fit.linear_bytes_per_cycle)  # read again, weights come no slower than at first
    through_shared = np.maximum(fit.linear_rows_contention_ratio, fit.contention_ratio)
    slowed = divided * (1 + np.where(again, through_shared, fit.contention_ratio) * others)
    if fit.int8 is not None:
        rate = np.where(in_int8, fit.int8.linear_bytes_per_cycle, rate)
    cycles = work.weight_streams * work.weight_bytes / rate
    return {"weight_stream": Product(cycles * slowed, machine.cycle_s)}


def _reorder_overhead(rows: PricedRows, machine: CpuMachine, threads: Any) -> dict[str, Array]:
    """Copies between blocked and plain tensors."""
    rates = machine.fitted.blocked
    if machine.runtime.blocked_layout is None or rates is None:
        return {}
    copied_bytes = rows.layout.copied_elems * rows.ops.elem_bytes
    return {"reorder": copied_bytes / rates.reorder_bytes_per_cycle * machine.cycle_s / threads}


def _pack_rate(rows: PricedRows, machine: CpuMachine) -> Any:
    """Bytes a cycle that panels are packed at: int8 kernels have a rate of their own."""
    fit, ops = machine.fitted, rows.ops
    if machine.int8_macs_per_cycle is None or fit.int8 is None:
        return fit.pack_bytes_per_cycle
    return np.where(computes_in_int8(ops), fit.int8.pack_bytes_per_cycle, fit.pack_bytes_per_cycle)


def _conversion_overhead(rows: PricedRows, machine: CpuMachine, evenly: Array | float) -> dict[str, Array]:
    """Passes between int8 and floats."""
    if machine.int8_macs_per_cycle is None or not (rules := machine.runtime.int8) or not rules.float_between:
        return {}
    assert machine.fitted.int8 is not None  # profiles that run int8 have it
    rate = machine.fitted.int8.convert_bytes_per_cycle
    return {"conversion": rows.converted_bytes / rate * evenly * machine.cycle_s}


def _repacking_overhead(rows: PricedRows, machine: CpuMachine, evenly: Array | float) -> dict[str, Array]:
    """Passes that change packs of channels; they stream at the pace of the second cache level."""
    if machine.runtime.plain_tensor_ops is None:
        return {}
    return {"repacking": rows.repacked_bytes / machine.fitted.l2_bytes_per_cycle * evenly * machine.cycle_s}
