"""What memory adds to rows: bytes that caches do not hold, and the seconds they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from costsim.devices.cpu.machine import CpuMachine, Number
from costsim.devices.cpu.misses import Missed
from costsim.devices.cpu.priced_rows import PricedRows
from costsim.devices.cpu.work import Work
from costsim.devices.kernels.cache import miss_ratio
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


@dataclass(frozen=True)
class MemoryTimes:
    """What memory adds to an op, and the bytes behind it in a first run."""

    ceilings: dict[str, Array]
    overheads: dict[str, Array]
    packing_s: Array | float
    transform_s: Array | float
    traffic_bytes: Array


def memory_times(rows: PricedRows, machine: CpuMachine, threads: Any) -> MemoryTimes:
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
    packed_bytes, transformed_bytes = work.packed * work.elem_bytes, work.transformed * work.elem_bytes
    scratch = packed_bytes + transformed_bytes
    spilled = miss_ratio(scratch, capacity)
    rereads = _reread_bytes(work, capacity) / threads
    extra = rereads + 2 * spilled * scratch
    own = ~rows.attention.absorbed
    cold = tensors = own * _tensor_bytes(ops, work, misses.cold, machine)
    if misses.last is not misses.cold:
        tensors = own * _tensor_bytes(ops, work, misses.last, machine)
    if not machine.runtime.waits_for_memory:
        fetched = read_bytes(ops, misses.last, machine)
        before = machine.runtime.packs_ahead * (work.packed > 0) * fetched
        return MemoryTimes(
            ceilings={"dram": (tensors + rereads + spilled * scratch - before) * byte_s},
            overheads={},
            packing_s=(spilled * packed_bytes + before) * byte_s,
            transform_s=spilled * transformed_bytes * byte_s,
            traffic_bytes=cold + extra,
        )
    rates = machine.fitted.blocked
    assert rates is not None  # profiles that wait have it
    past_l2 = work.passes * _tensor_bytes(ops, work, misses.l2, machine) + _reread_bytes(work, machine.l2_bytes)
    return MemoryTimes(
        ceilings={},
        overheads={
            "l3": past_l2 / rates.l3_bytes_per_cycle * machine.cycle_s / threads,
            "dram_wait": (tensors + extra) * byte_s,
        },
        packing_s=0.0,
        transform_s=0.0,
        traffic_bytes=cold + extra,
    )


def read_bytes(ops: OpTable, missed: Missed, machine: CpuMachine) -> Array:
    """Bytes of an op's inputs that come from beyond a level."""
    needed = ops.input_bytes
    if machine.runtime.waits_for_memory:  # a slice reads what it keeps; the other machines' rates were fitted with all
        needed = np.where(ops.is_op("slice"), ops.output_bytes, needed)
    return missed.read * needed


def _tensor_bytes(ops: OpTable, work: Work, missed: Missed, machine: CpuMachine) -> Array:
    """Bytes of an op's weights, inputs and output that a level does not hold."""
    read = read_bytes(ops, missed, machine)
    return missed.weights * work.weight_bytes + read + missed.written * ops.output_bytes


def _reread_bytes(work: Work, capacity_bytes: Number) -> Array:
    """Bytes of a panel or an input that are fetched again, as far as a level does not hold it until then."""
    return miss_ratio(work.reread_from * work.elem_bytes, capacity_bytes) * work.rereads * work.elem_bytes
