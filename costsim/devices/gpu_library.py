"""The convolution library of a GPU runtime: which kernels it has for an op, and which one it runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from costsim.devices.base import RunConfig
from costsim.devices.gpu_profile import GpuProfile, Tile, WinogradTile
from costsim.devices.kernels.gpu_tiles import Multiprocessors, fetched_elems, product_s
from costsim.tables.costtable import combine
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
    l2_bytes: Array
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
    ops: OpTable, profile: GpuProfile, run: RunConfig, dram_s: Array, l2_bytes_per_s: Array
) -> KernelCost:
    """The cheapest kernel of the library for each op, as its search or its heuristic finds it.

    Kernels are compared by the device time they lead to, so that a faster device never makes a
    choice that costs more. Ops that are no matrix product stream their tensors once, in one kernel.
    """
    streamed = KernelCost(
        *np.broadcast_arrays(_lane_s(ops, profile), ops.compulsory_bytes, library_calls(ops, profile))
    )
    best, best_s = streamed, np.full((1, 1), NEVER_S)
    for kernel in _kernels(ops, profile, run):
        ceilings = [kernel.compute_s, kernel.l2_bytes / l2_bytes_per_s, dram_s]
        device_s = combine(ceilings, profile.fitted.overlap) + kernel.launches * profile.fitted.launch_s
        best = _choose(device_s < best_s, kernel, best)
        best_s = np.minimum(device_s, best_s)
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
    m = ops.n * ops.h_out * ops.w_out
    n = np.ceil(ops.c_out_per_group / align) * align
    k = np.ceil(ops.c_in_per_group / align) * align * ops.kernel_h * ops.kernel_w
    loops = library_calls(ops, profile)
    batch = ops.groups / loops
    sm = _multiprocessors(profile, run.dtype, profile.fitted.matrix_ratio)
    seconds = product_s(sm, m, n, np.ceil(k / parts), batch * parts, tile.pixels, tile.channels)
    inputs = np.minimum(m * k, ops.n * ops.c_in_per_group * ops.h_in * ops.w_in) * batch
    fetched = fetched_elems(inputs, batch * n * k, m, n, tile.pixels, tile.channels) * ops.elem_bytes
    partial_sums = 2 * parts * batch * m * n * PARTIAL_SUM_BYTES if parts > 1 else 0.0
    allowed = np.array([parts <= profile.runtime.split_k.get(label.op, 1) for label in ops.labels])[:, None]
    return KernelCost(
        np.where(allowed, loops * seconds + _lane_s(ops, profile), NEVER_S),
        np.maximum(loops * (fetched + partial_sums) + ops.output_bytes, ops.compulsory_bytes),
        loops * (1.0 if parts == 1 else 2.0),  # the second kernel adds the parts up
    )


def _winograd(ops: OpTable, profile: GpuProfile, run: RunConfig, tile: WinogradTile) -> KernelCost:
    """F(o x o, 3x3): ``(o + 2)^2`` products over tiles of the map, for ``o^2`` outputs of nine each.

    Source: Lavin and Gray 2016, arXiv 1509.09308; one fused kernel, as cuDNN's WINOGRAD.
    """
    products = (tile.outputs + 2) ** 2
    m = ops.n * np.ceil(ops.h_out / tile.outputs) * np.ceil(ops.w_out / tile.outputs)
    sm = _multiprocessors(profile, run.dtype, profile.fitted.winograd_ratio)
    seconds = product_s(sm, m, ops.c_out, ops.c_in, np.ones_like(m), tile.pixels, tile.channels, products)
    fetched = fetched_elems(m * ops.c_in, ops.c_in * ops.c_out, m, ops.c_out, tile.pixels, tile.channels)
    applies = winograd_applies(ops)
    return KernelCost(
        np.where(applies, seconds + _lane_s(ops, profile), NEVER_S),
        np.maximum(products * fetched * ops.elem_bytes + ops.output_bytes, ops.compulsory_bytes),
        np.ones_like(m),
    )


def _multiprocessors(profile: GpuProfile, dtype: Any, reached: Any) -> Multiprocessors:
    hw = profile.hardware
    return Multiprocessors(
        count=hw.multiprocessors,
        macs_per_s=hw.macs_per_cycle[dtype] * hw.clock_hz * reached,
        accumulators=hw.register_file_bytes / 2 / PARTIAL_SUM_BYTES,
        step_s=profile.fitted.step_cycles / hw.clock_hz,
    )


def _lane_s(ops: OpTable, profile: GpuProfile) -> Array:
    """Arithmetic outside matrix products: on the scalar lanes, after the main loop of a kernel."""
    hw = profile.hardware
    on_lanes = np.where(is_depthwise(ops), ops.flops, ops.flops - 2 * ops.macs)
    return on_lanes / (2 * hw.lanes * hw.multiprocessors * hw.clock_hz)


def _choose(condition: np.ndarray, one: KernelCost, other: KernelCost) -> KernelCost:
    return KernelCost(
        np.where(condition, one.compute_s, other.compute_s),
        np.where(condition, one.l2_bytes, other.l2_bytes),
        np.where(condition, one.launches, other.launches),
    )
