"""The convolution library of a GPU runtime: which kernels it has for an op."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from costsim.devices.base import RunConfig
from costsim.devices.gpu.joined import FP32_BYTES, Joined
from costsim.devices.gpu.profile import GpuProfile, Tile, WinogradTile
from costsim.devices.gpu.tiles import (
    Multiprocessors,
    arithmetic_cycles,
    busiest_blocks,
    fetched_elems,
    rounds_of_blocks,
)
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array

PARTIAL_SUM_BYTES = FP32_BYTES
"""Partial sums are fp32 whatever the operands are."""

FULL_SUMS = 2.0**15
"""Partial sums of one 256x128 tile or two of 128x128: half of 256 KiB of registers, on every card so far."""

NEVER_CYCLES = 1e30
"""Cycles of a kernel that does not apply: finite, so that it can be combined and compared."""


@dataclass(frozen=True)
class Kernels:
    """Kernels that could run the ops of a table. Arrays are ``(kernels, points)``; nothing in them is seconds."""

    op: np.ndarray
    """``(kernels,)`` row of the op, ascending: the kernels of one op lie together."""
    cycles: Array
    """Of arithmetic, on the multiprocessor that has most to do; ``NEVER_CYCLES`` where the kernel does not apply."""
    rounds: Array
    """Times that blocks load their first operands and store their results, one after the other."""
    wait_cycles: Array
    """Waiting for the operands of further input channels."""
    l2_bytes: Array
    scratch_bytes: Array
    """Written by a kernel in front and read by the main one: transformed weights."""
    launches: Array
    """Kernels started one after the other."""

    def columns(self) -> list[Array]:
        return [getattr(self, f.name) for f in fields(self) if f.name != "op"]

    def take(self, kernels: np.ndarray) -> Kernels:
        return Kernels(self.op[kernels], *(column[kernels] for column in self.columns()))

    @property
    def points(self) -> int:
        return max(column.shape[1] for column in self.columns())

    @classmethod
    def join(cls, parts: list[Kernels]) -> Kernels:
        """All kernels, those of one op together, in the order of the parts."""
        op = np.concatenate([part.op for part in parts])
        points = max(part.points for part in parts)

        def joined(columns: tuple[Array, ...]) -> Array:
            wide = [np.broadcast_to(c, (len(p.op), points)) for c, p in zip(columns, parts, strict=True)]
            return np.concatenate(wide)

        whole = cls(op, *map(joined, zip(*(part.columns() for part in parts), strict=True)))
        return whole.take(np.argsort(op, kind="stable"))

    def worth_trying(self) -> Kernels:
        """Without kernels that another one of the same op beats or equals in everything, whatever clock and bandwidths.

        Looked for only where the table holds one network: many of them would be compared for longer than tried.
        """
        if self.cycles.shape[1] > 1:
            return self
        columns = np.concatenate(self.columns(), axis=1)
        beaten = np.zeros(len(columns), dtype=bool)
        for early, late, rivals in self.pairs():
            later_beaten = (columns[early] <= columns[late]).all(axis=1)
            beaten[late] |= rivals & later_beaten
            beaten[early] |= rivals & ~later_beaten & (columns[late] <= columns[early]).all(axis=1)
        return self.take(np.flatnonzero(~beaten))

    def pairs(self) -> Iterator[tuple[slice, slice, np.ndarray]]:
        """All pairs of kernels: places of the earlier and of the later ones, and which pairs are of the same op."""
        apart = 1
        while (rivals := np.equal(self.op[apart:], self.op[:-apart])).any():  # kernels of an op lie together
            yield slice(None, -apart), slice(apart, None), rivals
            apart += 1


def winograd_applies(ops: OpTable) -> np.ndarray:
    """Dense 3x3 convolutions at stride 1 without dilation."""
    return ops.takes_3x3_at_unit_stride & (ops.groups == 1)


def library_calls(ops: OpTable, profile: GpuProfile) -> Array:
    """Calls the framework makes for each op: one, or one a group where the library knows no groups."""
    one = np.ones((len(ops), ops.points))
    return np.where(ops.is_grouped, ops.groups, one) if profile.runtime.grouped == "loop" else one


def library_kernels(of: Joined, profile: GpuProfile, run: RunConfig) -> Kernels:
    """Every kernel of the library that can run each op, with those in front of it that round its operands."""
    ops, starts = of.ops, of.starts
    kernels = Kernels.join(list(_kernels(ops, profile, run)))
    if not starts.all():
        kernels = replace(kernels, launches=kernels.launches * starts[kernels.op])
    if of.casts.any():
        rounded = of.cast_elems * (FP32_BYTES + ops.elem_bytes)
        kernels = replace(
            kernels,
            scratch_bytes=kernels.scratch_bytes + rounded[kernels.op],
            launches=kernels.launches + of.casts[kernels.op],
        )
    return kernels


def _kernels(ops: OpTable, profile: GpuProfile, run: RunConfig) -> Iterator[Kernels]:
    is_product = (ops.kind == MAC) & ~ops.is_depthwise
    if len(rows := np.flatnonzero(~is_product.all(axis=1))):
        yield _streaming(ops.take(rows), rows, profile)
    most_parts = ops.by_op(profile.runtime.split_k, 1)[:, 0]
    for parts in _splits(profile):
        if len(rows := np.flatnonzero(is_product.any(axis=1) & (parts <= most_parts))):
            table = ops.take(rows)
            yield from (_direct(table, rows, profile, run, tile, parts) for tile in profile.runtime.tiles)
    if len(rows := np.flatnonzero(winograd_applies(ops).any(axis=1))):
        table = ops.take(rows)
        yield from (_winograd(table, rows, profile, run, t) for t in profile.runtime.winograd.get(run.dtype, ()))


def _splits(profile: GpuProfile) -> list[int]:
    """Powers of four up to the most parts any op is split into."""
    most = max(profile.runtime.split_k.values(), default=1)
    return [4**e for e in range(10) if 4**e <= most]


def _streaming(ops: OpTable, rows: np.ndarray, profile: GpuProfile) -> Kernels:
    """One pass over the op's tensors: what everything runs as that is no matrix product."""
    is_product = (ops.kind == MAC) & ~ops.is_depthwise
    nothing = np.zeros_like(ops.kind)
    cycles = np.where(is_product, NEVER_CYCLES, _lane_cycles(ops, profile))
    return Kernels(rows, cycles, nothing, nothing, ops.compulsory_bytes, nothing, library_calls(ops, profile))


def _direct(ops: OpTable, rows: np.ndarray, profile: GpuProfile, run: RunConfig, tile: Tile, parts: int) -> Kernels:
    """One matrix product a group: pixels x channels, summed over input channels and kernel."""
    align = profile.runtime.channel_align.get(run.dtype, 1)
    taps = ops.kernel_h * ops.kernel_w
    m = ops.n * ops.h_out * ops.w_out
    n = np.ceil(ops.c_out_per_group / align) * align
    c_in = np.ceil(ops.c_in_per_group / align) * align
    k = c_in * taps
    loops = library_calls(ops, profile)
    batch = ops.groups / loops

    reached, step_ratio = _main_loop(ops, profile)
    sm = _multiprocessors(profile, run.dtype, reached)
    busiest = busiest_blocks(sm, m, n, batch * parts, tile.pixels, tile.channels)
    sums = tile.pixels * tile.channels
    cycles = loops * arithmetic_cycles(sm, busiest, np.ceil(k / parts), sums) + _lane_cycles(ops, profile)
    rounds = loops * rounds_of_blocks(sm, busiest, sums)

    inputs = np.minimum(m * k, ops.n * ops.c_in_per_group * ops.h_in * ops.w_in) * batch
    fetched = fetched_elems(inputs, batch * n * k, m, n, tile.pixels, tile.channels) * ops.elem_bytes
    turned = _turned(ops, profile, run)
    partial_sums = 2 * parts * batch * m * n * PARTIAL_SUM_BYTES if parts > 1 else 0.0
    return Kernels(
        rows,
        cycles=np.where((ops.kind != MAC) | ops.is_depthwise, NEVER_CYCLES, cycles),
        rounds=rounds,
        wait_cycles=rounds * (c_in / parts) * step_ratio * _full_step_cycles(profile, run),
        l2_bytes=loops * (fetched + partial_sums) + ops.output_bytes,
        scratch_bytes=2 * turned * ops.input_bytes,
        launches=loops * (1.0 if parts == 1 else 2.0) + turned,  # the second kernel adds the parts up
    )


def _winograd(ops: OpTable, rows: np.ndarray, profile: GpuProfile, run: RunConfig, tile: WinogradTile) -> Kernels:
    """F(o x o, 3x3): ``(o + 2)^2`` products over tiles of the map, for ``o^2`` outputs of nine each.

    One fused kernel, after one that transforms the weights where the library does that in every call.
    Source: Lavin and Gray 2016, arXiv 1509.09308.
    """
    products = (tile.outputs + 2) ** 2
    m = ops.n * np.ceil(ops.h_out / tile.outputs) * np.ceil(ops.w_out / tile.outputs)
    sm = _multiprocessors(profile, run.dtype, profile.fitted.winograd_ratio)
    busiest = busiest_blocks(sm, m, ops.c_out, np.ones_like(m), tile.pixels, tile.channels)
    sums = tile.pixels * tile.channels * products
    cycles = arithmetic_cycles(sm, busiest, ops.c_in, sums) + _lane_cycles(ops, profile)
    rounds = rounds_of_blocks(sm, busiest, sums)

    weights = products * ops.c_in * ops.c_out
    fetched = fetched_elems(m * tile.outputs**2 * ops.c_in, weights, m, ops.c_out, tile.pixels, tile.channels)
    each_call = float(profile.runtime.winograd_weights == "each_call")
    return Kernels(
        rows,
        cycles=np.where(winograd_applies(ops), cycles, NEVER_CYCLES),
        rounds=rounds,
        wait_cycles=rounds * ops.c_in * profile.fitted.step_ratio * _full_step_cycles(profile, run),
        l2_bytes=fetched * ops.elem_bytes + ops.output_bytes,
        scratch_bytes=each_call * 2 * weights * ops.weight_elem_bytes,
        launches=np.full_like(m, 1 + each_call),
    )


def _main_loop(ops: OpTable, profile: GpuProfile) -> tuple[Any, Any]:
    """(share of the peak, cycles of waiting a step) of the matrix kernels that run each op: cuDNN's or cuBLAS's."""
    fit = profile.fitted
    if fit.product_ratio is None and fit.product_step_ratio is None:
        return fit.matrix_ratio, fit.step_ratio
    of_blas = [fit.product_ratio, fit.product_step_ratio]
    ours = [
        fit.matrix_ratio if of_blas[0] is None else of_blas[0],
        fit.step_ratio if of_blas[1] is None else of_blas[1],
    ]
    return (
        np.where(ops.convolves, fit.matrix_ratio, ours[0]),
        np.where(ops.convolves, fit.step_ratio, ours[1]),
    )


def _full_step_cycles(profile: GpuProfile, run: RunConfig) -> Any:
    """Cycles in which a multiprocessor full of blocks multiplies one channel, at its peak."""
    return FULL_SUMS / profile.hardware.macs_per_cycle[run.dtype]


def _multiprocessors(profile: GpuProfile, dtype: Any, reached: Any) -> Multiprocessors:
    hw = profile.hardware
    return Multiprocessors(
        count=hw.multiprocessors,
        macs_per_cycle=hw.macs_per_cycle[dtype] * reached,
        accumulators=hw.register_file_bytes / 2 / PARTIAL_SUM_BYTES,
    )


def _turned(ops: OpTable, profile: GpuProfile, run: RunConfig) -> Array:
    """1 where a kernel in front lays the input map channels last, which is how tensor cores take it; else 0.

    Source: NVIDIA, Convolutional Layers User's Guide, tensor layouts in memory (nchwToNhwc kernels of cuDNN). Kernels
    exist that write channels first again, so that outputs are not turned.
    """
    tensor_cores = profile.hardware.macs_per_cycle[run.dtype] > profile.hardware.lanes
    is_map = ops.by_op(dict.fromkeys(("conv", "grouped_conv", "conv_transpose"), 1), 0)
    return np.where((profile.runtime.layout == "nchw") & tensor_cores, is_map, 0.0)


def _depthwise_lane_ratio(ops: OpTable, profile: GpuProfile) -> Array:
    unrolled = np.isin(ops.kernel_w, profile.runtime.depthwise_windows) & (ops.kernel_h == ops.kernel_w)
    return np.where(unrolled, profile.fitted.depthwise_lane_ratio, profile.fitted.generic_depthwise_lane_ratio)


def _lane_cycles(ops: OpTable, profile: GpuProfile) -> Array:
    """Arithmetic outside matrix products: on the scalar lanes, after the main loop of a kernel."""
    hw = profile.hardware
    of_products = np.where(ops.is_depthwise, 2 * ops.macs / _depthwise_lane_ratio(ops, profile), 0.0)
    on_lanes = of_products + ops.flops - 2 * ops.macs
    return on_lanes / (2 * hw.lanes * hw.multiprocessors)
