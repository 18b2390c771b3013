"""The rows of a table as a CPU prices them: equal ones once, with what caches keep between ops."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from costsim.devices.cpu.attention import Attention, attention_of
from costsim.devices.cpu.layout import Layout, layout_of
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.misses import Misses
from costsim.devices.cpu.packs import repacked_bytes
from costsim.devices.cpu.partition import partitioned_work
from costsim.devices.cpu.precision import converted_bytes
from costsim.devices.cpu.work import Rows, Work
from costsim.tables.equal_rows import EqualRows
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


@dataclass(frozen=True)
class PricedRows:
    """Equal rows of a table once, for one image, with what the caches keep between ops."""

    ops: OpTable
    work: Work
    layout: Layout
    attention: Attention
    converted_bytes: Array
    repacked_bytes: Array
    misses: Misses
    images: Array
    dispatched_ratio: Array
    """Ops executed an image: below 1 where a tensor's leading dimension holds more than the network's batch."""
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


def distinct_rows(ops: OpTable, machine: CpuMachine, *, once: bool) -> PricedRows:
    lanes = (machine.runtime, machine.vector_bytes, machine.load_slot_bytes, machine.int8_macs_per_cycle is None)
    own = (*lanes, machine.l1_bytes, once)
    worked = ops.kept.get("CPU work", own, lambda: _work_out(ops, machine, once))
    given = (*own, machine.l2_bytes, machine.last_level_bytes)
    return ops.kept.get("CPU rows", given, lambda: _placed(ops, worked, machine, once))


def _work_out(ops: OpTable, machine: CpuMachine, once: bool) -> _WorkedRows:
    """Rows that are equal do the same work."""
    rows = _rows(ops, machine)
    columns = [*ops.columns().values(), ops.word_of[:, None], _batch(ops)]
    if machine.runtime.blocked_layout is not None:
        columns += rows.layout.columns
    if machine.int8_macs_per_cycle is not None:
        columns.append(rows.converted_bytes)
    if machine.runtime.plain_tensor_ops is not None:
        columns.append(rows.repacked_bytes)
    if machine.runtime.attention_layer:
        columns += [rows.attention.inside, rows.attention.absorbed]
    equal = EqualRows.each(len(ops)) if once else EqualRows.of(columns)
    firsts = rows if once else rows.take(equal.first)
    return _WorkedRows(rows, equal, partitioned_work(firsts, machine))


def _placed(ops: OpTable, worked: _WorkedRows, machine: CpuMachine, once: bool) -> PricedRows:
    """Rows of the same work whose tensors are as far from their readers cost the same."""
    rows, work, of_row = worked.rows, worked.work, worked.equal.of_row
    misses = Misses.of(rows.ops, work.weight_bytes[of_row], work.scratch_bytes[of_row], machine)
    dispatched = np.minimum(_batch(ops) / ops.n, 1.0)
    if once:
        between = rows.converted_bytes, rows.repacked_bytes
        return PricedRows(rows.ops, work, rows.layout, rows.attention, *between, misses, ops.n, dispatched, of_row)
    kinds = EqualRows.of([of_row[:, None], *misses.columns])
    first = kinds.first
    return PricedRows(
        rows.ops.take(first),
        work.take(of_row[first]),
        rows.layout.take(first),
        rows.attention.take(first),
        rows.converted_bytes[first],
        rows.repacked_bytes[first],
        misses.take(first),
        ops.n[first],
        dispatched[first],
        kinds.of_row,
    )


def work_of(ops: OpTable, machine: CpuMachine) -> Work:
    """The work of every row of a table, for one image of its batch."""
    return partitioned_work(_rows(ops, machine), machine)


def _rows(ops: OpTable, machine: CpuMachine) -> Rows:
    """Every row of a table, for one image of its batch, and how its tensors lie."""
    images, runtime = _per_image(ops), machine.runtime
    layout = ops.kept.get("layout", (runtime,), lambda: layout_of(images, runtime.blocked_layout))
    one_layer = runtime.attention_layer
    attention = ops.kept.get("attention", (one_layer,), lambda: attention_of(ops, one_layer))
    repacked = repacked_bytes(images, machine) * ~attention.absorbed
    return Rows(images, layout, attention, converted_bytes(images, runtime), repacked)


def _batch(ops: OpTable) -> Array:
    """The batch of each row's network: what its first op has as leading dimension."""
    return ops.n[ops.networks.starts[ops.networks.of_row]]


def _per_image(ops: OpTable) -> OpTable:
    """The same ops on one image of the batch."""
    shared = ("input_elems", "output_elems", "macs", "flops", "epilogue_flops")
    return replace(ops, n=np.ones_like(ops.n), **{name: getattr(ops, name) / ops.n for name in shared})
