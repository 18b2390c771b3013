"""GPU family: tiles and waves over multiprocessors, L2 and DRAM, kernel launches, a host that dispatches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from costsim.devices.base import DeviceModel, Roofs, RunConfig
from costsim.devices.gpu.host import dispatch_wait_s
from costsim.devices.gpu.joined import joined
from costsim.devices.gpu.library import (
    Kernels,
    library_calls,
    library_kernels,
    winograd_applies,
)
from costsim.devices.gpu.pricing import Paces, ceilings, contenders, kernel_s, overheads, spilt_bytes
from costsim.devices.gpu.profile import GpuProfile
from costsim.devices.kernels.cache import activation_misses, misses_after_a_run
from costsim.errors import DoesNotFitError
from costsim.hardware.profile import Profile
from costsim.tables.choice import first_least
from costsim.tables.costtable import CostTable
from costsim.tables.equal_rows import EqualRows
from costsim.tables.liveness import independent_parts, live_bytes
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array
from costsim.units import format_quantity


class GpuModel(DeviceModel[GpuProfile]):
    """Four ceilings overlap, four overheads add to them; every op runs the library's fastest kernel.

    ``arithmetic`` counts tiles on the busiest multiprocessor, ``latency`` what its blocks wait when
    there are too few of them, ``l2`` and ``dram`` bytes. ``launch`` is paid by each kernel,
    ``transform`` by Winograd kernels whose weights come untransformed, ``transfer`` by the network's
    input. ``dispatch`` is what the device waits for the host: the network takes the larger of both.
    """

    profile_type: ClassVar[type[Profile]] = GpuProfile
    fills_with_batch: ClassVar[bool] = True

    def plan(self, ops: OpTable, profile: GpuProfile, run: RunConfig) -> OpTable:
        weights, maps = ops.kept.get("GPU memory", (), lambda: _held_bytes(ops))
        context = profile.runtime.context_bytes
        room = profile.hardware.memory.dram.size_bytes - (0.0 if context is None else context)
        if np.any(weights + maps > room):
            raise DoesNotFitError(
                f"weights and activations take {format_quantity(float(np.max(weights + maps)), 'B')}, "
                f"{profile.name} has {format_quantity(float(np.min(room)), 'B')}"
                + _largest_that_fits(ops, room - weights, maps)
            )
        return ops

    def costs(self, ops: OpTable, profile: GpuProfile, run: RunConfig) -> CostTable:
        return self.kind_costs(ops, profile, run).per_op()

    def kind_costs(self, ops: OpTable, profile: GpuProfile, run: RunConfig) -> CostTable:
        rows, hw, fit = _distinct_rows(ops, profile, run), profile.hardware, profile.fitted
        paces = Paces.of(profile)
        tried = contenders(rows.kernels, rows.dram_bytes, rows.reached_ratio, paces)
        overlapped_s, device_s = kernel_s(tried, rows.dram_bytes[tried.op], rows.reached_ratio[tried.op], paces)
        fastest = first_least(device_s, tried.op)
        used = Kernels(np.arange(len(rows.ops)), *map(fastest.of, tried.columns()))
        transfer = rows.sent_bytes / hw.memory.host.bandwidth_bytes_per_s
        dispatch = rows.calls * fit.dispatch_s
        wait = dispatch_wait_s(fastest.of(device_s) + transfer, dispatch, independent_parts(ops), rows.kind_of)
        return CostTable(
            ceilings=ceilings(used, rows.dram_bytes, rows.reached_ratio, paces),
            overheads={**overheads(used, paces), "transfer": transfer, "dispatch": wait},
            copies=("transfer",),
            traffic={
                "dram": rows.cold_dram_bytes + spilt_bytes(used.scratch_bytes, paces),
                "l2": used.l2_bytes + used.scratch_bytes,
            },
            overlap=fit.overlap,
            kind_of=rows.kind_of,
            overlapped_s=fastest.of(overlapped_s),
        )

    def roofs(self, profile: GpuProfile, run: RunConfig) -> Roofs:
        hw = profile.hardware
        peak = hw.working_clock_hz * hw.multiprocessors * hw.macs_per_cycle[run.dtype]
        levels = {"dram": hw.memory.dram.bandwidth_bytes_per_s, "l2": hw.memory.l2.bandwidth_bytes_per_s}
        return Roofs(peak, levels)

    def channel_tile(self, profile: GpuProfile, run: RunConfig) -> int:
        return min(tile.channels for tile in profile.runtime.tiles)

    def fewest_macs(self, ops: OpTable, profile: GpuProfile, run: RunConfig) -> Array:
        tiles = profile.runtime.winograd.get(run.dtype, ())
        saving = max(((3 * t.outputs / (t.outputs + 2)) ** 2 for t in tiles), default=1.0)
        return np.where(winograd_applies(ops), ops.macs / saving, ops.macs)


def _held_bytes(ops: OpTable) -> tuple[Array, Array]:
    """``(networks, points)`` weights, and the most activations alive at once."""
    return ops.networks.total(ops.weight_bytes), ops.networks.largest(live_bytes(ops))


def _largest_that_fits(ops: OpTable, room: Any, maps: Array) -> str:
    """What batch to take instead; activations grow with it, weights do not."""
    batch = float(np.max(ops.n))
    largest = int(np.min(np.floor(room / maps * batch)))
    return f"; the largest batch that fits is {largest}" if 1 <= largest < batch else ""


@dataclass(frozen=True)
class _Rows:
    """Equal rows of a table once, with the kernels that could run them: what clocks and bandwidths do not change."""

    ops: OpTable
    kernels: Kernels
    calls: Array
    """That the host makes for each: none where a row runs in the kernel of another."""
    dram_bytes: Array
    """That a run moves which follows another."""
    cold_dram_bytes: Array
    """That a first run moves."""
    reached_ratio: Array
    sent_bytes: Array
    """From the host to the device before the row can run."""
    kind_of: np.ndarray
    """``(rows of the table,)`` which of these rows each is."""


def _distinct_rows(ops: OpTable, profile: GpuProfile, run: RunConfig) -> _Rows:
    hw, fit = profile.hardware, profile.fitted
    fitted = (
        fit.matrix_ratio,
        fit.product_ratio,
        fit.winograd_ratio,
        fit.step_ratio,
        fit.product_step_ratio,
        fit.grouped_ratio,
        fit.depthwise_ratio,
        fit.depthwise_lane_ratio,
        fit.generic_depthwise_lane_ratio,
    )
    silicon = (hw.multiprocessors, hw.macs_per_cycle[run.dtype], hw.lanes, hw.register_file_bytes)
    given = (profile.runtime, run.dtype, _kept_bytes(profile), *silicon, *fitted)
    return ops.kept.get("GPU rows", given, lambda: _work_out(ops, profile, run))


def _work_out(lowered: OpTable, profile: GpuProfile, run: RunConfig) -> _Rows:
    kernel = joined(lowered, profile.runtime, run.elem_bytes)
    ops = kernel.ops
    columns = [
        *ops.columns().values(),
        ops.word_of[:, None],
        kernel.starts,
        kernel.cast_elems,
        kernel.casts,
        independent_parts(ops)[:, None],
    ]
    cold = moved = _dram_bytes(ops, profile, again=False)
    if profile.runtime.weights_stay:
        moved = _dram_bytes(ops, profile, again=True)
    sent_bytes = _sent_bytes(ops, profile)
    kinds = EqualRows.of([*columns, cold, moved, sent_bytes])
    rows = kernel.take(kinds.first)
    cold, moved, sent_bytes = (column[kinds.first] for column in (cold, moved, sent_bytes))
    kernels = library_kernels(rows, profile, run).worth_trying()
    calls = library_calls(rows.ops, profile) * rows.starts + rows.casts
    reached = _reached_ratio(rows.ops, profile)
    return _Rows(rows.ops, kernels, calls, moved, cold, reached, sent_bytes, kinds.of_row)


def _reached_ratio(ops: OpTable, profile: GpuProfile) -> Array:
    """Share of the streaming bandwidth an op's kernel reaches: the era of depthwise and grouped kernels."""
    native = ops.is_grouped & (profile.runtime.grouped == "native")
    ratio = np.where(native, profile.fitted.grouped_ratio, 1.0)
    return np.where(ops.is_depthwise, profile.fitted.depthwise_ratio, ratio)


def _dram_bytes(ops: OpTable, profile: GpuProfile, *, again: bool) -> Array:
    """Weights and activations that the L2 cache has lost by the time they are read again.

    ``again``: the network has just run, so that its weights and input may still be there.

    A kernel that skips rows (a 1x1 window at stride 2) never fetches them; skipped columns share
    the sectors of those it reads.
    """
    scratch, l2_bytes = np.zeros((1, 1)), _kept_bytes(profile)
    outside = misses_after_a_run(ops, ops.weight_bytes, l2_bytes) if again else np.ones((len(ops), 1))
    reads, writes = activation_misses(ops, ops.weight_bytes, scratch, l2_bytes, outside)
    rows_read = np.minimum(1, ops.kernel_h / ops.stride_h)
    return ops.input_bytes * reads * rows_read + ops.output_bytes * writes + ops.weight_bytes * outside


def _kept_bytes(profile: GpuProfile) -> Any:
    return profile.hardware.memory.l2.size_bytes * profile.fitted.l2_kept_ratio


def _sent_bytes(ops: OpTable, profile: GpuProfile) -> Array:
    """A network's input, where it comes from the host: charged to the first op that reads it."""
    first = np.zeros((len(ops), 1))
    if profile.runtime.input_from == "host":
        readers = np.flatnonzero(ops.reads_input)
        _, first_of_part = np.unique(independent_parts(ops)[readers], return_index=True)
        first[readers[first_of_part]] = 1.0
    return first * ops.n * ops.c_in * ops.h_in * ops.w_in * ops.elem_bytes
