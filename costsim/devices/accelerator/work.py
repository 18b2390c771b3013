"""What the rows of a table do on an accelerator, and what they move off chip: equal rows once."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from costsim.devices.accelerator.arrays import ArrayCosts, MacArray
from costsim.devices.accelerator.profile import AcceleratorProfile, Host, OffChip
from costsim.devices.accelerator.rules import falls_back, runs_on_host
from costsim.hardware.vary import points
from costsim.tables.cache import Cache, hashable
from costsim.tables.equal_rows import EqualRows, row_keys
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array


@dataclass(frozen=True)
class Work:
    """What rows do whatever the plan, the clocks and the bandwidths, equal rows once. Arrays are ``(rows, points)``."""

    array_cycles: Array
    onchip_bytes: Array
    vector_elems: Array
    """Visited by pooling, element-wise ops and copies, or steps of arithmetic, as the profile counts them."""
    depthwise_macs: Array
    """Of depthwise layers on the array, else 0."""
    host_s: Array
    host_elems: Array
    """Visited by ops on the host."""
    fallback_elems: Array
    """Visited by ops that run on the host for their shape: not among the others."""
    on_host: Array
    """1 for an op on the host."""
    converted_elems: Array
    """Of the network's input and outputs, counted where they are first read or written."""
    burst_ratio: Array
    macs: Array
    reads_input: Array
    """1 for an op that reads the network's input."""
    is_first: Array
    """1 for the first op of a network."""
    kind_of: np.ndarray
    """``(rows of the table,)`` which of these rows each is."""
    kept: Cache = field(init=False, default_factory=Cache, repr=False, compare=False)

    def take(self, rows: np.ndarray) -> Work:
        """These rows, each on its own."""
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name not in ("kind_of", "kept")}
        return Work(**columns, kind_of=np.arange(len(rows)))

    def of_every_row(self) -> Work:
        """Of the rows of the table, equal ones as often as they stand in it."""
        return self.take(self.kind_of)


@dataclass(frozen=True)
class MovedRows:
    """Rows that do the same work and move the same bytes, once."""

    work: Work
    activation_bytes: Array
    weight_bytes: Array
    of_row: np.ndarray
    """Which of these rows each is."""

    @classmethod
    def of(cls, work: Work, row: np.ndarray, activation_bytes: Array, weight_bytes: Array) -> MovedRows:
        """From the row of ``work`` each is, ``(rows,)``, and its bytes, ``(rows, points)``."""
        equal = EqualRows.of([row[:, None], activation_bytes, weight_bytes])
        first = equal.first
        return cls(work.take(row[first]), activation_bytes[first], weight_bytes[first], equal.of_row)

    @classmethod
    def each(cls, work: Work, activation_bytes: Array, weight_bytes: Array) -> MovedRows:
        """Every row of the table by itself, in order."""
        return cls(work.of_every_row(), activation_bytes, weight_bytes, np.arange(len(work.kind_of)))


def work_of(ops: OpTable, profile: AcceleratorProfile) -> Work:
    """Kept with the table until array, host or burst change."""
    hw = profile.hardware
    burst_bytes = None if hw.memory.dram is None else hw.memory.dram.burst_bytes
    given = (profile.runtime, hw.array, hw.host, hw.vector_elems_per_cycle is None, hw.vector_counts, burst_bytes)
    return ops.kept.get("accelerator work", given, lambda: _work_out(ops, profile))


def _work_out(ops: OpTable, profile: AcceleratorProfile) -> Work:
    hw, on_host = profile.hardware, runs_on_host(ops, profile)
    is_first, reads_input = (ops.networks.place == 0)[:, None], ops.reads_input[:, None]
    takes_in, gives_out = _first_reads(ops)[:, None], _leaves(ops)[:, None]
    fallen = falls_back(ops, profile)
    apart = [ops.word_of[:, None], is_first, reads_input, takes_in, gives_out, fallen]
    kinds = EqualRows.of([*ops.columns().values(), *apart])
    first = kinds.first
    rows, on_host, is_mac = ops.take(first), on_host[first], ops.kind[first] == MAC
    costs = _array_costs(rows, hw.array)
    on_array = ~on_host & (is_mac if hw.vector_elems_per_cycle is not None else True)
    visits = np.maximum(rows.output_elems * rows.kernel_h * rows.kernel_w, rows.input_elems)
    passes = np.maximum(visits, rows.flops) if hw.vector_counts == "steps" else visits
    return Work(
        array_cycles=np.where(on_array, costs.cycles, 0.0),
        onchip_bytes=_onchip_bytes(rows, costs, on_host),
        vector_elems=np.where(is_mac | on_host, 0.0, passes),
        depthwise_macs=np.where(on_array & rows.is_depthwise, rows.macs, 0.0),
        host_s=np.where(on_host, _host_seconds(rows, hw.host), 0.0)
        if hw.host is not None
        else np.zeros_like(rows.macs),
        host_elems=np.where(on_host & ~fallen[first], visits, 0.0),
        fallback_elems=np.where(fallen[first], visits, 0.0),
        on_host=on_host.astype(float),
        converted_elems=takes_in[first] * rows.input_elems + gives_out[first] * rows.output_elems,
        burst_ratio=_burst_ratio(rows, costs, reads_input[first], hw.memory.dram),
        macs=rows.macs,
        reads_input=reads_input[first].astype(float),
        is_first=is_first[first].astype(float),
        kind_of=kinds.of_row,
    )


def _first_reads(ops: OpTable) -> np.ndarray:
    """``(ops,)`` whether a row is the first of its network that reads the network's input."""
    reads = ops.reads_input
    before = ops.networks.running_total(reads[:, None].astype(float))[:, 0]
    return reads & (before == 1)


def _leaves(ops: OpTable) -> np.ndarray:
    """``(ops,)`` whether a row's output is one of the network's."""
    leaves: np.ndarray = ops.last_reader < 0
    return leaves


def _array_costs(ops: OpTable, array: MacArray) -> ArrayCosts:
    """What the array costs every op; each distinct row of a single network and array is worked out once."""
    if ops.points > 1 or points(array) > 1:
        return array.costs(ops)

    def work_out(rows: np.ndarray) -> list[tuple[float, ...]]:
        costs = array.costs(ops.take(rows))
        return list(zip(*(getattr(costs, field.name)[:, 0].tolist() for field in fields(costs)), strict=True))

    words, numbers = ops.device_words, row_keys(*(c[:, 0] for c in ops.columns().values()))
    array_key = hashable(array)
    keys = [(array_key, *key) for key in zip(words, numbers, strict=True)]
    distinct, which = ops.caches.array_costs.answers(keys, work_out)
    return ArrayCosts(*np.array(distinct).T[:, which, None])


def _burst_ratio(ops: OpTable, costs: ArrayCosts, reads_input: np.ndarray, dram: OffChip | None) -> Array:
    """Bytes fetched over bytes used by rows that read the network's input, which lies pixel after pixel.

    The array reads it itself, block by block; a burst brings the channels it takes at once of one pixel
    and no more (Vela 5.2.0's transfer efficiency). Maps in between lie in bricks that fill bursts.
    """
    if dram is None or dram.burst_bytes is None:
        return np.ones_like(ops.elem_bytes)
    used = np.minimum(costs.channels_at_once * ops.elem_bytes, dram.burst_bytes)
    return np.where(reads_input, costs.input_fetch_ratio * dram.burst_bytes / used, 1.0)


def _onchip_bytes(ops: OpTable, costs: ArrayCosts, on_host: np.ndarray) -> Array:
    moved = np.where(ops.kind == MAC, costs.onchip_elems, ops.input_elems + ops.output_elems)
    return np.where(on_host, 0.0, moved) * ops.elem_bytes


def _host_seconds(ops: OpTable, host: Host) -> Array:
    cycles = np.maximum(ops.macs / host.macs_per_cycle, ops.compulsory_bytes / host.bytes_per_cycle)
    return np.maximum(cycles, (ops.flops - 2 * ops.macs) / host.flops_per_cycle) / host.clock_hz
