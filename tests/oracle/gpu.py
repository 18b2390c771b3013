"""The GPU family, op by op in plain Python: the readable twin of its columns.

Written from the model's description, sharing no code with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from costsim.devices import RunConfig
from costsim.tables.optable import OpTable
from tests.oracle.cache import Cache, Touched, missed
from tests.oracle.ops import OracleOp
from tests.oracle.priced import Priced, norm

SUM_BYTES = 4
"""Partial sums are single precision."""


@dataclass(frozen=True)
class Kernel:
    """One way to run an op."""

    compute_s: float
    latency_s: float
    l2_bytes: float
    scratch_bytes: float = 0.0
    launches: float = 1.0


class GpuOp:
    """One op, and the kernels the library has for it."""

    def __init__(self, op: OracleOp, row: int, cache: Cache, profile: Any, run: RunConfig) -> None:
        self.op, self.x, self.profile, self.run = op, op.loops, profile, run
        x, hw, fit, self.elem_bytes = op.loops, profile.hardware, profile.fitted, run.elem_bytes
        self.clock_hz = hw.sustained_clock_hz or hw.clock_hz
        in_groups = x.multiplies and x.groups > 1 and op.word not in ("matmul", "recurrent")
        self.depthwise = in_groups and x.c_in == 1
        grouped = in_groups and x.c_in > 1
        native = profile.runtime.grouped == "native"
        self.calls = x.groups if grouped and not native else 1.0
        self.reached = fit.depthwise_ratio if self.depthwise else fit.grouped_ratio if grouped and native else 1.0
        unrolled = x.kernel_h == x.kernel_w and x.kernel_w in profile.runtime.depthwise_windows
        lane_ratio = fit.depthwise_lane_ratio if unrolled else fit.generic_depthwise_lane_ratio
        scalar_flops = op.flops - 2 * op.macs + (2 * op.macs / lane_ratio if self.depthwise else 0.0)
        self.lanes_s = scalar_flops / (2 * hw.lanes * hw.multiprocessors * self.clock_hz)

        touched = cache.chain[row]
        rows_read = min(1, x.kernel_h / x.stride_h)  # a window smaller than its stride skips rows

        def moved(outside: float) -> float:
            read = cache.read_ratio(row, outside) * touched.input_bytes * rows_read
            return outside * touched.weight_bytes + read + cache.written_ratio(row, outside) * touched.output_bytes

        self.cold_dram_bytes = self.dram_bytes = moved(1.0)
        if profile.runtime.weights_stay:
            self.dram_bytes = moved(
                missed(sum(op.weight_bytes + op.output_bytes for op in cache.chain), cache.capacity)
            )
        self.kernel = min(self.kernels(), key=self.device_s)

    def kernels(self) -> Iterator[Kernel]:
        runtime, x = self.profile.runtime, self.x
        if not x.multiplies or self.depthwise:
            yield Kernel(self.lanes_s, 0.0, self.op.mem_access_elems * self.elem_bytes, launches=self.calls)
            return
        for tile in runtime.tiles:
            parts = 1
            while parts <= runtime.split_k.get(self.op.word, 1):
                yield self.matrix_kernel(tile, parts)
                parts *= 4
        plain = x.stride_h == x.stride_w == x.dilation_h == x.dilation_w == x.groups == 1
        if plain and x.kernel_h == x.kernel_w == 3:
            for tile in runtime.winograd.get(self.run.dtype, ()):
                yield self.winograd_kernel(tile)

    def matrix_kernel(self, tile: Any, parts: int) -> Kernel:
        """Pixels by channels, summed over input channels and taps, maybe in several parts."""
        x, align = self.x, self.profile.runtime.channel_align.get(self.run.dtype, 1)
        pixels, taps = x.n * x.h_out * x.w_out, x.kernel_h * x.kernel_w
        c_in, c_out = ceil(x.c_in / align) * align, ceil(x.c_out / align) * align
        together = x.groups / self.calls  # groups in one call
        blocks = together * parts * ceil(pixels / tile.pixels) * ceil(c_out / tile.channels)
        ratio, step_ratio = self.main_loop()
        steps = ceil(c_in * taps / parts), c_in / parts
        compute, latency = self.busiest(blocks, tile.pixels * tile.channels, *steps, step_ratio)
        inputs = min(pixels * c_in * taps, x.n * x.c_in * x.h_in * x.w_in) * together
        weights = together * c_out * c_in * taps
        fetched = inputs * ceil(c_out / tile.channels) + weights * ceil(pixels / tile.pixels)
        sums = 2 * parts * together * pixels * c_out * SUM_BYTES if parts > 1 else 0.0
        return Kernel(
            compute_s=self.calls * compute / ratio + self.lanes_s,
            latency_s=self.calls * latency,
            l2_bytes=self.calls * (fetched * self.elem_bytes + sums) + self.op.output_elems * self.elem_bytes,
            scratch_bytes=2 * self.op.input_elems * self.elem_bytes if self.turns_input() else 0.0,
            launches=self.calls * (2 if parts > 1 else 1) + self.turns_input(),
        )

    def winograd_kernel(self, tile: Any) -> Kernel:
        """(o + 2)^2 products over patches of o x o outputs."""
        x, products = self.x, (tile.outputs + 2) ** 2
        patches = x.n * ceil(x.h_out / tile.outputs) * ceil(x.w_out / tile.outputs)
        blocks = ceil(patches / tile.pixels) * ceil(x.c_out / tile.channels)
        compute, latency = self.busiest(
            blocks, tile.pixels * tile.channels * products, x.c_in, x.c_in, self.profile.fitted.step_ratio
        )
        weights = products * x.c_in * x.c_out
        fetched = patches * tile.outputs**2 * x.c_in * ceil(x.c_out / tile.channels)
        fetched += weights * ceil(patches / tile.pixels)
        each_call = self.profile.runtime.winograd_weights == "each_call"
        return Kernel(
            compute_s=compute / self.profile.fitted.winograd_ratio + self.lanes_s,
            latency_s=latency,
            l2_bytes=(fetched + self.op.output_elems) * self.elem_bytes,
            scratch_bytes=2 * weights * self.elem_bytes if each_call else 0.0,
            launches=2 if each_call else 1,
        )

    def turns_input(self) -> bool:
        """Whether a kernel in front lays the map channels last for tensor cores."""
        hw = self.profile.hardware
        convolves = self.op.word in ("conv", "grouped_conv", "conv_transpose")
        return convolves and self.profile.runtime.layout == "nchw" and hw.macs_per_cycle[self.run.dtype] > hw.lanes

    def main_loop(self) -> tuple[float, float]:
        """Share of the peak and of a full step that kernels reach and wait: of convolutions, or of BLAS."""
        fit = self.profile.fitted
        blas = self.op.word in ("linear", "matmul", "recurrent")
        return (
            fit.product_ratio if blas and fit.product_ratio is not None else fit.matrix_ratio,
            fit.product_step_ratio if blas and fit.product_step_ratio is not None else fit.step_ratio,
        )

    def busiest(self, blocks: float, sums: float, k: float, steps: float, step_ratio: float) -> tuple[float, float]:
        """Seconds of arithmetic and of waiting on the multiprocessor with the most blocks."""
        hw, fit = self.profile.hardware, self.profile.fitted
        most = ceil(blocks / hw.multiprocessors)
        resident = max(1, floor(hw.register_file_bytes / 2 / SUM_BYTES / sums))
        full = 2**15 / hw.macs_per_cycle[self.run.dtype]  # cycles in which all its blocks multiply one channel
        waiting = fit.ramp_s + steps * step_ratio * full / self.clock_hz
        return most * sums * k / (hw.macs_per_cycle[self.run.dtype] * self.clock_hz), max(1, most / resident) * waiting

    def ceilings(self, kernel: Kernel) -> dict[str, float]:
        memory = self.profile.hardware.memory
        dram_bytes_per_s = memory.dram.bandwidth_bytes_per_s * self.profile.fitted.dram_ratio
        return {
            "arithmetic": kernel.compute_s,
            "latency": kernel.latency_s,
            "l2": max(kernel.l2_bytes, self.dram_bytes) / (memory.l2.bandwidth_bytes_per_s * self.reached),
            "dram": self.dram_bytes / (dram_bytes_per_s * self.reached),
        }

    def spilt_bytes(self, kernel: Kernel) -> float:
        """Of the transformed weights, what L2 cannot hold until the main kernel reads it."""
        return max(0.0, kernel.scratch_bytes - self.profile.hardware.memory.l2.size_bytes)

    def overheads(self, kernel: Kernel) -> dict[str, float]:
        memory, fit, spilt = self.profile.hardware.memory, self.profile.fitted, self.spilt_bytes(kernel)
        scratch_s = (kernel.scratch_bytes - spilt) / memory.l2.bandwidth_bytes_per_s
        scratch_s += spilt / (memory.dram.bandwidth_bytes_per_s * fit.dram_ratio)
        return {"launch": kernel.launches * fit.launch_s, "transform": scratch_s}

    def device_s(self, kernel: Kernel) -> float:
        ceilings = norm(list(self.ceilings(kernel).values()), self.profile.fitted.overlap)
        return ceilings + sum(self.overheads(kernel).values())


def price(ops: list[OracleOp], table: OpTable, profile: Any, run: RunConfig) -> list[Priced]:
    """Every op of a network, in order."""
    touched = [
        Touched(*(elems * run.elem_bytes for elems in (op.input_elems, op.output_elems, op.weight_elems))) for op in ops
    ]
    cache = Cache(touched, table, profile.hardware.memory.l2.size_bytes * profile.fitted.l2_kept_ratio)
    chain = [GpuOp(op, row, cache, profile, run) for row, op in enumerate(ops)]

    return [priced for rows in networks(cache) for priced in price_network([chain[row] for row in rows], rows, table)]


def networks(cache: Cache) -> list[list[int]]:
    """The rows of each network, where several lie in one table: one ends where nothing later reads what it wrote."""
    parts: list[list[int]] = [[]]
    read_until = 0
    for row, readers in enumerate(cache.readers):
        if row > read_until:
            parts.append([])
        parts[-1].append(row)
        read_until = max(read_until, row, *readers)
    return parts


def price_network(chain: list[GpuOp], rows: list[int], table: OpTable) -> list[Priced]:
    """The ops of one network, which share its input and a host that issues them."""
    profile = chain[0].profile
    transfers = [0.0] * len(chain)
    reading = [index for index, row in enumerate(rows) if -1 in table.producers[row]]
    if profile.runtime.input_from == "host" and reading:
        op = chain[reading[0]]
        image = op.x.n * op.x.groups * op.x.c_in * op.x.h_in * op.x.w_in * op.elem_bytes
        transfers[reading[0]] = image / profile.hardware.memory.host.bandwidth_bytes_per_s

    # The host issues calls ahead of the device; where it is the slower of the two, short ops wait.
    device = [op.device_s(op.kernel) + transfer for op, transfer in zip(chain, transfers, strict=True)]
    dispatch = [op.calls * profile.fitted.dispatch_s for op in chain]
    behind = [max(0.0, d - s) for d, s in zip(dispatch, device, strict=True)]
    wait = max(0.0, sum(dispatch) - sum(device)) / (sum(behind) or 1.0)
    return [
        Priced(
            op.ceilings(op.kernel),
            {**op.overheads(op.kernel), "transfer": transfer, "dispatch": late * wait},
            profile.fitted.overlap,
            op.cold_dram_bytes + op.spilt_bytes(op.kernel),
        )
        for op, transfer, late in zip(chain, transfers, behind, strict=True)
    ]
