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
    ops: OpTable, profile: GpuProfile, run: RunConfig, device_s: Callable[[KernelCost], Array]
) -> KernelCost:
    """The kernel of the library with the least ``device_s`` for each op, as its search finds it.

    Ops that are no matrix product stream their tensors once, in one kernel.
    """
    streamed = KernelCost(
        *np.broadcast_arrays(_lane_s(ops, profile), 0.0, ops.compulsory_bytes, 0.0, library_calls(ops, profile))
    )
    best, best_s = streamed, np.full((1, 1), NEVER_S)
    for kernel in _kernels(ops, profile, run):
        kernel_s = device_s(kernel)
        best = _choose(kernel_s < best_s, kernel, best)
        best_s = np.minimum(kernel_s, best_s)
    is_product = (ops.kind == MAC) & ~is_depthwise(ops)
    return _choose(is_product, best, streamed)


def _kernels(ops: OpTable, profile: GpuProfile, run: RunConfig) -> Iterator[KernelCost]:
    for tile in profile.runtime.tiles:
        for parts in _splits(profile):
            yield _direct(ops, profile, run, tile, parts)
    for tile in profile.runtime.winograd.get(run.dtype, ()):
        yield _winograd(ops, profile, run, tile)


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
    allowed = np.array([parts <= profile.runtime.split_k.get(label.op, 1) for label in ops.labels])[:, None]
    return KernelCost(
        compute_s=np.where(allowed, loops * arithmetic, NEVER_S),
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


def _choose(condition: np.ndarray, one: KernelCost, other: KernelCost) -> KernelCost:
    names = (f.name for f in fields(KernelCost))
    return KernelCost(*(np.where(condition, getattr(one, name), getattr(other, name)) for name in names))
