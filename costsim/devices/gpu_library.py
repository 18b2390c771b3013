"""The convolution library of a GPU runtime: which kernels it has for an op, and which one it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from costsim.devices.base import RunConfig
from costsim.devices.gpu_profile import GpuProfile, Tile, WinogradTile
from costsim.devices.kernels.gpu_tiles import Multiprocessors, arithmetic_s, busiest_blocks, fetched_elems, latency_s
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array

PARTIAL_SUM_BYTES = 4.0
"""Partial sums are fp32 whatever the operands are."""

NEVER_S = 1e30
"""Seconds of a kernel that does not apply: finite, so that it can be combined and compared."""


@dataclass(frozen=True)
class KernelCost:
    """What running one kernel for every op would take; ``NEVER_S`` where it does not apply."""

    compute_s: Array
    latency_s: Array
    l2_bytes: Array
    scratch_bytes: Array
    """Written by a kernel in front and read by the main one: transformed weights."""
    launches: Array
    """Kernels started one after the other."""

    def columns(self) -> tuple[Array, ...]:
        return tuple(getattr(self, f.name) for f in fields(self))


def is_depthwise(ops: OpTable) -> np.ndarray:
    """Convolutions in which every group reads one channel: no matrix product to tile."""
    return (ops.kind == MAC) & (ops.groups > 1) & (ops.c_in_per_group == 1)


def is_grouped(ops: OpTable) -> np.ndarray:
    """Grouped convolutions that are neither depthwise nor products of activations."""
    return (ops.kind == MAC) & (ops.groups > 1) & (ops.c_in_per_group > 1) & ~ops.is_op("matmul")


def winograd_applies(ops: OpTable) -> np.ndarray:
    """Dense 3x3 convolutions at stride 1 without dilation."""
    unit = (ops.stride_h == 1) & (ops.stride_w == 1) & (ops.dilation_h == 1) & (ops.dilation_w == 1)
    return (ops.kernel_h == 3) & (ops.kernel_w == 3) & unit & (ops.groups == 1)


def library_calls(ops: OpTable, profile: GpuProfile) -> Array:
    """Calls the framework makes for each op: one, or one a group where the library knows no groups."""
    one = np.ones((len(ops), ops.points))
    return np.where(is_grouped(ops), ops.groups, one) if profile.runtime.grouped == "loop" else one


def fastest_kernel(
    ops: OpTable, profile: GpuProfile, run: RunConfig, device_s: Callable[[KernelCost, np.ndarray], Array]
) -> KernelCost:
    """The kernel of the library with the least ``device_s`` for each op, as its search finds it.

    Ops that are no matrix product stream their tensors once, in one kernel. ``device_s`` gets a
    kernel and the rows it is tried on.
    """
    columns = _lane_s(ops, profile), 0.0, ops.compulsory_bytes, 0.0, library_calls(ops, profile)
    best = KernelCost(*np.broadcast_arrays(*columns))
    best_s: Array | None = None
    for rows, kernel in _kernels(ops, profile, run):
        kernel_s = device_s(kernel, rows)
        if best_s is None:
            shape = (len(ops), kernel_s.shape[1])
            best = KernelCost(*(np.array(np.broadcast_to(column, shape)) for column in best.columns()))
            best_s = np.full(shape, NEVER_S)
        better = kernel_s < best_s[rows]
        best_s[rows] = np.where(better, kernel_s, best_s[rows])
        for chosen, tried in zip(best.columns(), kernel.columns(), strict=True):
            chosen[rows] = np.where(better, tried, chosen[rows])
    return best


def _kernels(ops: OpTable, profile: GpuProfile, run: RunConfig) -> Iterator[tuple[np.ndarray, KernelCost]]:
    """Every kernel of the library, with the rows it can run."""
    is_product = ((ops.kind == MAC) & ~is_depthwise(ops)).any(axis=1)
    most_parts = ops.by_op(profile.runtime.split_k, 1)[:, 0]
    for parts in _splits(profile):
        rows = np.flatnonzero(is_product & (parts <= most_parts))
        if len(rows):
            table = ops.take(rows)
            yield from ((rows, _direct(table, profile, run, tile, parts)) for tile in profile.runtime.tiles)
    rows = np.flatnonzero(winograd_applies(ops).any(axis=1))
    if len(rows):
        table = ops.take(rows)
        tiles = profile.runtime.winograd.get(run.dtype, ())
        yield from ((rows, _winograd(table, profile, run, tile)) for tile in tiles)


def _splits(profile: GpuProfile) -> list[int]:
    """Powers of four up to the most parts any op is split into."""
    most = max(profile.runtime.split_k.values(), default=1)
    return [4**e for e in range(10) if 4**e <= most]


def _direct(ops: OpTable, profile: GpuProfile, run: RunConfig, tile: Tile, parts: int) -> KernelCost:
    """One matrix product a group: pixels x channels, summed over input channels and kernel."""
    align = profile.runtime.channel_align.get(run.dtype, 1)
    taps = ops.kernel_h * ops.kernel_w
    m = ops.n * ops.h_out * ops.w_out
    n = np.ceil(ops.c_out_per_group / align) * align
    c_in = np.ceil(ops.c_in_per_group / align) * align
    k = c_in * taps
    loops = library_calls(ops, profile)
    batch = ops.groups / loops

    sm = _multiprocessors(profile, run.dtype, profile.fitted.matrix_ratio)
    busiest = busiest_blocks(sm, m, n, batch * parts, tile.pixels, tile.channels)
    sums = tile.pixels * tile.channels
    arithmetic = arithmetic_s(sm, busiest, np.ceil(k / parts), sums) + _lane_s(ops, profile) / loops

    inputs = np.minimum(m * k, ops.n * ops.c_in_per_group * ops.h_in * ops.w_in) * batch
    fetched = fetched_elems(inputs, batch * n * k, m, n, tile.pixels, tile.channels) * ops.elem_bytes
    partial_sums = 2 * parts * batch * m * n * PARTIAL_SUM_BYTES if parts > 1 else 0.0
    return KernelCost(
        compute_s=np.where(is_depthwise(ops), NEVER_S, loops * arithmetic),
        latency_s=loops * latency_s(sm, busiest, c_in / parts, sums),
        l2_bytes=loops * (fetched + partial_sums) + ops.output_bytes,
        scratch_bytes=np.zeros_like(m),
        launches=loops * (1.0 if parts == 1 else 2.0),  # the second kernel adds the parts up
    )


def _winograd(ops: OpTable, profile: GpuProfile, run: RunConfig, tile: WinogradTile) -> KernelCost:
    """F(o x o, 3x3): ``(o + 2)^2`` products over tiles of the map, for ``o^2`` outputs of nine each.

    One fused kernel, after one that transforms the weights where the library does that in every call.
    Source: Lavin and Gray 2016, arXiv 1509.09308.
    """
    products = (tile.outputs + 2) ** 2
    m = ops.n * np.ceil(ops.h_out / tile.outputs) * np.ceil(ops.w_out / tile.outputs)
    sm = _multiprocessors(profile, run.dtype, profile.fitted.winograd_ratio)
    busiest = busiest_blocks(sm, m, ops.c_out, np.ones_like(m), tile.pixels, tile.channels)
    sums = tile.pixels * tile.channels * products

    weights = products * ops.c_in * ops.c_out
    fetched = fetched_elems(m * tile.outputs**2 * ops.c_in, weights, m, ops.c_out, tile.pixels, tile.channels)
    each_call = float(profile.runtime.winograd_weights == "each_call")
    scratch = each_call * 2 * weights * ops.weight_elem_bytes
    applies = winograd_applies(ops)
    return KernelCost(
        compute_s=np.where(applies, arithmetic_s(sm, busiest, ops.c_in, sums) + _lane_s(ops, profile), NEVER_S),
        latency_s=latency_s(sm, busiest, ops.c_in, sums),
        l2_bytes=fetched * ops.elem_bytes + ops.output_bytes,
        scratch_bytes=scratch,
        launches=np.full_like(m, 1 + each_call),
    )


def _multiprocessors(profile: GpuProfile, dtype: Any, reached: Any) -> Multiprocessors:
    hw = profile.hardware
    return Multiprocessors(
        count=hw.multiprocessors,
        macs_per_s=hw.macs_per_cycle[dtype] * hw.clock_hz * reached,
        accumulators=hw.register_file_bytes / 2 / PARTIAL_SUM_BYTES,
        step_s=profile.fitted.step_cycles / hw.clock_hz,
        ramp_s=profile.fitted.ramp_s,
    )


def _lane_s(ops: OpTable, profile: GpuProfile) -> Array:
    """Arithmetic outside matrix products: on the scalar lanes, after the main loop of a kernel."""
    hw = profile.hardware
    on_lanes = np.where(is_depthwise(ops), ops.flops, ops.flops - 2 * ops.macs)
    return on_lanes / (2 * hw.lanes * hw.multiprocessors * hw.clock_hz)
