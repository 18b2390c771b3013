"""CPUs: register tiles, caches, shared memory, threads.

Ceilings, each in seconds with all threads at work:

- ``arithmetic``: multiply-accumulates as issued (tile tails, Winograd) and other vector arithmetic;
- ``register_loads``: values from the first cache level into registers, what limits in-order cores;
- ``l2``: bytes from the second cache level, panels read again for every row tile included;
- ``weight_stream``: weights of matrix-vector products, at the pace one core waits for data it uses once;
- ``dram``: weights, and whatever did not stay in the last cache level.

Overheads: ``packing`` (im2col, panels, padding), ``winograd_transform``, ``dispatch``, ``groups``.

The arithmetic law counts multiplications really executed: Winograd does fewer than the layer's
multiply-accumulates, so a convolution may take less time than its macs over peak.

Runtimes that keep tensors in blocks of channels, as those on x86 do, have more to them: see
``costsim.devices.cpu_blocked``.

A batch runs image by image, as mobile runtimes do: n images cost n times one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from costsim.devices.base import DeviceModel, Roofs, RunConfig
from costsim.devices.cpu_blocked import with_blocks
from costsim.devices.cpu_profile import CpuProfile
from costsim.devices.cpu_work import (
    Work,
    cpu_work,
    is_gathered,
    is_vector_product,
    takes_winograd,
)
from costsim.devices.kernels.cache import activation_misses, miss_ratio
from costsim.devices.kernels.direct import macs_inside
from costsim.devices.kernels.elementwise import vector_instructions
from costsim.devices.kernels.packing import packing_ratio
from costsim.devices.kernels.threads import concurrency, parallel_ratio
from costsim.hardware.profile import Profile
from costsim.hardware.vary import points
from costsim.tables.costtable import CostTable, Product
from costsim.tables.equal_rows import EqualRows
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


class CpuModel(DeviceModel):
    """Cores with vector units behind caches."""

    profile_type: ClassVar[type[Profile]] = CpuProfile

    def costs(self, ops: OpTable, profile: Any, run: RunConfig) -> CostTable:
        return self.kind_costs(ops, profile, run).per_op()

    def kind_costs(self, ops: OpTable, profile: Any, run: RunConfig) -> CostTable:
        rows = _distinct_rows(ops, profile)
        one, images = self._one_image(rows, profile, run), rows.images
        if profile.runtime.blocked_layout is not None:  # layouts differ between rows that are equal otherwise
            image = ops.kept.get("one image", (), lambda: _per_image(ops))
            one, images = with_blocks(one.per_op(), image, profile, run), ops.n
        if np.all(images == 1):
            return one
        return replace(
            one,
            ceilings={name: images * seconds for name, seconds in one.ceilings.items()},
            overheads={name: images * seconds for name, seconds in one.overheads.items()},
            traffic={level: images * moved for level, moved in one.traffic.items()},
        )

    def roofs(self, profile: Any, run: RunConfig) -> Roofs:
        hw, dram = profile.hardware, profile.hardware.memory.dram
        bandwidth = np.minimum(dram.one_core_bandwidth_bytes_per_s * run.threads, dram.bandwidth_bytes_per_s)
        return Roofs(hw.clock_hz * hw.macs_per_cycle[run.dtype] * run.threads, {"dram": bandwidth})

    def fewest_macs(self, ops: OpTable, profile: Any, run: RunConfig) -> Array:
        rules = profile.runtime.winograd
        if profile.runtime.blocked_layout is not None:
            return macs_inside(ops)
        if rules is None:
            return ops.macs
        patch = max(rules.small_patch, rules.large_patch)
        return np.where(takes_winograd(ops, profile.runtime), ops.macs / (3 * patch / (patch + 2)) ** 2, ops.macs)

    def unavoidable_dram_bytes(self, ops: OpTable, profile: Any) -> Array:
        """As for every device, with the weights in the format they are kept in."""
        stored = cpu_work(_per_image(ops), profile).weight_bytes
        kept_smaller = np.minimum(stored, ops.weight_bytes) - ops.weight_bytes
        return super().unavoidable_dram_bytes(ops, profile) + kept_smaller.sum(axis=0)

    def channel_tile(self, profile: Any, run: RunConfig) -> int:
        blocks = profile.runtime.blocked_layout
        return int(profile.runtime.microkernel.rows if blocks is None else blocks.block)

    def _one_image(self, rows: _Rows, profile: Any, run: RunConfig) -> CostTable:
        fit, threads = profile.fitted, np.asarray(run.threads, dtype=float)
        ops, work = rows.ops, rows.work
        cycle_s = 1 / (profile.hardware.clock_hz * fit.clock_ratio)
        others = concurrency(work.items, threads) - 1
        divided = parallel_ratio(work.items, threads)  # whole channels or tiles go to a thread
        slowed = divided * (1 + fit.contention_ratio * others)
        crowded = divided * (1 + (fit.contention_ratio + fit.l2_contention_ratio) * others)
        evenly = (1 + fit.contention_ratio * (threads - 1)) / threads
        memory = _MemoryTimes(rows, profile, threads)
        everywhere = np.zeros_like(divided)
        dispatch = everywhere + fit.op_overhead_s + fit.thread_overhead_s * (threads - 1)
        one_by_one = ops.is_grouped * profile.runtime.grouped_conv_as_one_gemm_per_group
        return CostTable(
            ceilings={
                "arithmetic": Product(_arithmetic_cycles(ops, work, profile, run) * slowed, cycle_s),
                "register_loads": Product(
                    work.loads * ops.elem_bytes / (profile.hardware.load_bytes_per_cycle * fit.load_ratio) * slowed,
                    cycle_s,
                ),
                "l2": Product(work.l2_reads * ops.elem_bytes / fit.l2_bytes_per_cycle * crowded, cycle_s),
                "weight_stream": Product(
                    is_vector_product(ops) * work.weight_bytes / fit.linear_bytes_per_cycle * slowed, cycle_s
                ),
                "dram": memory.streaming_s,
            },
            overheads={
                "packing": 2 * memory.packed_bytes / fit.pack_bytes_per_cycle * evenly * cycle_s + memory.packing_s,
                "winograd_transform": 2 * memory.transformed_bytes / fit.transform_bytes_per_cycle * evenly * cycle_s
                + memory.transform_s,
                "dispatch": dispatch,
                "groups": everywhere + one_by_one * ops.groups * fit.group_overhead_s,
            },
            traffic={"dram": memory.dram_bytes},
            overlap=fit.overlap,
            kind_of=rows.kind_of,
        )  # fmt: skip


@dataclass(frozen=True)
class _Rows:
    """Equal rows of a table once, for one image, with what the caches keep between ops."""

    ops: OpTable
    work: Work
    images: Array
    read_ratio: Array
    """Share of its inputs an op reads from memory."""
    evicted_ratio: Array
    """Share of its output that goes out to memory."""
    kind_of: np.ndarray
    """``(rows of the table,)`` which of these rows each is."""


def _distinct_rows(ops: OpTable, profile: CpuProfile) -> _Rows:
    hw, capacity = profile.hardware, _capacity_bytes(profile)
    once = len(ops.networks) > 1 and ops.points == points(profile) == 1
    given = (profile.runtime, hw.vector_bytes, hw.memory.l1.size_bytes, capacity, once)
    return ops.kept.get("CPU rows", given, lambda: _work_out(ops, profile, capacity, once))


def _work_out(ops: OpTable, profile: CpuProfile, capacity: Any, once: bool) -> _Rows:
    """Rows that are equal do the same work; those whose tensors are as far from their readers cost the same."""
    images = _per_image(ops)
    alike = EqualRows.each(len(ops)) if once else EqualRows.of([*ops.columns().values(), ops.word_of[:, None]])
    work = cpu_work(images.take(alike.first), profile)
    scratch = (work.packed + work.transformed)[alike.of_row] * images.elem_bytes
    read, evicted = activation_misses(images, work.weight_bytes[alike.of_row], scratch, capacity)
    kinds = alike if once else EqualRows.of([alike.of_row[:, None], read, evicted])
    first = kinds.first
    return _Rows(
        images.take(first), work.take(alike.of_row[first]), ops.n[first], read[first], evicted[first], kinds.of_row
    )


def _capacity_bytes(profile: CpuProfile) -> Any:
    """Of the last cache level, as far as tensors stay there from one op to the next."""
    return profile.hardware.memory.last_level_bytes * profile.fitted.cache_ratio


def _per_image(ops: OpTable) -> OpTable:
    """The same ops on one image of the batch."""
    shared = ("input_elems", "output_elems", "macs", "flops", "epilogue_flops")
    return replace(ops, n=np.ones_like(ops.n), **{name: getattr(ops, name) / ops.n for name in shared})


def _arithmetic_cycles(ops: OpTable, work: Work, profile: CpuProfile, run: RunConfig) -> Array:
    """Cycles one core needs for the arithmetic alone."""
    fit, peak = profile.fitted, profile.hardware.macs_per_cycle[run.dtype]
    sustained = np.where(ops.is_depthwise, fit.depthwise_ratio, fit.gemm_ratio)
    gathered = is_gathered(ops, profile.runtime)
    sustained = np.where(gathered, sustained * fit.spatial_ratio, sustained)
    if profile.runtime.microkernel.vectors == "rows":
        sustained = sustained * packing_ratio(ops, fit.unpacked_ratio)
    lanes, scalar = profile.hardware.vector_bytes / ops.elem_bytes, ops.is_op(*profile.runtime.scalar_ops)
    other = vector_instructions(ops, profile.runtime.exponential_instructions) * np.where(scalar, lanes, 1.0)
    return work.macs / (peak * sustained) + other / (peak * fit.vector_ratio)


class _MemoryTimes:
    """Bytes that reach main memory, by the phase of the op that moves them."""

    def __init__(self, rows: _Rows, profile: CpuProfile, threads: Any) -> None:
        ops, work, capacity = rows.ops, rows.work, _capacity_bytes(profile)
        memory, fit = profile.hardware.memory, profile.fitted
        busy = np.minimum(threads, work.items)
        byte_s = 1 / np.minimum(
            memory.dram.one_core_bandwidth_bytes_per_s * fit.one_core_dram_ratio * busy,
            memory.dram.bandwidth_bytes_per_s * fit.dram_ratio,
        )
        self.packed_bytes = work.packed * ops.elem_bytes
        self.transformed_bytes = work.transformed * ops.elem_bytes
        scratch = self.packed_bytes + self.transformed_bytes
        spilled = miss_ratio(scratch, capacity)
        fetched = rows.read_ratio * ops.input_bytes
        tensors = work.weight_bytes + fetched + rows.evicted_ratio * ops.output_bytes
        before = profile.runtime.packs_ahead * (work.packed > 0) * fetched
        # Threads work on different rows of one panel at about the same time: they share what is fetched.
        thrown_out = (1.0 - profile.runtime.l2_blocking) * miss_ratio(work.panel * ops.elem_bytes, capacity)
        rereads = thrown_out * work.rereads * ops.elem_bytes / threads

        self.dram_bytes = tensors + rereads + 2 * spilled * scratch
        self.streaming_s = (tensors + rereads + spilled * scratch - before) * byte_s
        self.packing_s = (spilled * self.packed_bytes + before) * byte_s
        self.transform_s = spilled * self.transformed_bytes * byte_s
