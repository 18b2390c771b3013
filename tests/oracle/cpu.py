"""The CPU family, op by op in plain Python: the readable twin of its columns.

One object per op tells what the runtime does with it. Written from the model's description, sharing
no code with it.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

from costsim.devices import RunConfig
from costsim.tables.optable import OpTable
from tests.oracle.cache import Cache, Touched, missed
from tests.oracle.cpu_attention import attention
from tests.oracle.cpu_blocked import Direct, Layouts
from tests.oracle.ops import EXPONENTIALS, OracleOp
from tests.oracle.priced import Priced


def tiles(length: float, tile: float) -> float:
    """Full register tiles, then tails of 8, 4, 2 and 1."""
    count, left = floor(length / tile), length % tile
    for tail in (8, 4, 2, 1):
        if left >= tail:
            count, left = count + 1, left - tail
    return count


def tiles_of_a_row(width: float) -> list[float]:
    """Fours, then a two, then a one."""
    left = width % 4
    return [4] * int(width // 4) + [2] * int(left // 2) + [1] * int(left % 2)


class CpuOp:
    """What the runtime makes of one op, for one image of the batch."""

    def __init__(
        self,
        op: OracleOp,
        profile: Any,
        elem_bytes: float,
        layouts: Layouts | None,
        row: int,
        of_attention: tuple[set[int], set[int]],
    ) -> None:
        self.op, self.profile, self.elem_bytes = op, profile, elem_bytes
        self.x = x = op.loops
        self.images = x.n
        self.inputs, self.outputs = op.input_elems / x.n, op.output_elems / x.n
        self.lanes = profile.hardware.vector_bytes / elem_bytes
        self.floats = elem_bytes == 2 and op.word in (profile.runtime.plain_tensor_ops or ())
        self.value_bytes = 4.0 if self.floats else elem_bytes
        self.convolves = x.multiplies and op.word not in ("matmul", "recurrent")
        self.depthwise = self.convolves and x.groups > 1 and x.c_in == 1
        self.grouped = self.convolves and x.groups > 1 and x.c_in > 1
        self.gathered = False
        self.in_attention, self.absorbed = row in of_attention[0], row in of_attention[1]
        self.blocked = layouts is not None and layouts.blocked[row]
        self.direct = layouts is not None and layouts.convolves(row)
        self.copies = layouts.copies(row) if layouts else []
        self.passes, self.tiles, self.streams = 1.0, 0.0, 0.0
        self.macs = self.loads = self.l2_reads = self.rereads = self.panel = self.packed = self.transformed = 0.0
        self.weight_bytes = op.weight_elems * elem_bytes
        if not x.multiplies:
            self.one_pass()
        elif layouts and self.direct:
            self.direct_kernel(layouts.rules, layouts.is_image(row))
        elif self.depthwise:
            self.depthwise_kernel()
        elif self.takes_winograd():
            self.winograd()
        elif self.passes_over_packs():
            self.pairs_of_packs()
        elif (
            op.word == "linear"
            and x.h_out * x.w_out > 1
            and profile.runtime.linear_rows is not None
            and not self.in_attention
        ):
            self.few_rows_at_a_time()
        else:
            self.gathered = x.kernel_h * x.kernel_w > 1
            self.matrix_product()
        if x.multiplies and not self.direct and self.border_is_read():
            self.packed += x.groups * x.c_in * self.seen(0) * self.seen(1)

    @property
    def is_plain(self) -> bool:
        return self.op.word in (self.profile.runtime.plain_tensor_ops or ())

    @property
    def pack(self) -> float:
        """Channels kept together."""
        channels, largest = self.x.groups * self.x.c_out, min(self.lanes, 8)
        return next(size for size in (largest, 4, 1) if channels % size == 0)

    def seen(self, axis: int) -> float:
        """Length of the input that the windows cover, border included."""
        x = self.x
        out, stride, kernel, dilation = (
            (x.h_out, x.stride_h, x.kernel_h, x.dilation_h)
            if axis == 0
            else (x.w_out, x.stride_w, x.kernel_w, x.dilation_w)
        )
        return (out - 1) * stride + dilation * (kernel - 1) + 1

    def border_is_read(self) -> bool:
        return self.seen(0) > self.x.h_in or self.seen(1) > self.x.w_in

    def takes_winograd(self) -> bool:
        x, rules = self.x, self.profile.runtime.winograd
        plain = x.stride_h == x.stride_w == x.dilation_h == x.dilation_w == 1 and x.kernel_h == x.kernel_w == 3
        if rules is None or not plain or max(x.c_in, x.c_out) < rules.min_channels:
            return False
        return self.elem_bytes != 2 or x.c_out % rules.half_channel_multiple == 0

    def one_pass(self) -> None:
        """Inputs read once, outputs written once, in every pass."""
        self.passes = self.profile.runtime.passes.get(self.op.word, 1)
        self.loads = self.l2_reads = 0.0 if self.absorbed else self.passes * (self.inputs + self.outputs)
        serial = self.op.word in self.profile.runtime.serial_ops and not self.in_attention
        self.items = 1 if serial else ceil(self.x.groups / self.lanes)

    def direct_kernel(self, rules: Any, is_image: bool) -> None:
        """Nothing is packed; the input is what is read again."""
        l1 = self.profile.hardware.memory.l1.size_bytes
        for name, count in Direct(self.op, rules, is_image).count(self.elem_bytes, l1).items():
            setattr(self, name, count)
        self.panel = self.inputs

    def passes_over_packs(self) -> bool:
        """Small kernels over whole packs, below so many channels."""
        x = self.x
        if not (self.profile.runtime.direct_over_packs and self.convolves):
            return False
        if x.c_in % self.lanes or x.c_out % self.lanes or x.dilation_h != 1 or x.dilation_w != 1:
            return False
        if x.kernel_h != x.kernel_w or x.stride_h != x.stride_w:
            return False
        half = {(3, 1): None, (3, 2): (64, 128), (5, 1): None, (5, 2): (16, 88)}
        single = {(3, 2): (4, 32), (5, 1): None, (5, 2): (8, 44)}
        limits, kind = {2: half, 4: single}.get(self.elem_bytes, {}), (x.kernel_h, x.stride_h)
        if kind not in limits:
            return False
        below = limits[kind]
        return below is None or x.c_in < below[0] or x.c_out < below[1]

    def pairs_of_packs(self) -> None:
        """The map once for every pair of an input and an output pack, four, two or one outputs of a row at a time."""
        x, lanes, l1 = self.x, self.lanes, self.profile.hardware.memory.l1.size_bytes
        taps, ins, outs = x.kernel_h * x.kernel_w, x.c_in / lanes, x.c_out / lanes
        vectors = 0
        for pixels in tiles_of_a_row(x.w_out):
            vectors += lanes * taps + x.kernel_h * ((pixels - 1) * x.stride_w + x.kernel_w) + 2 * pixels
        self.macs = x.groups * x.c_in * x.c_out * taps * x.h_out * x.w_out
        self.loads = x.groups * ins * outs * lanes * x.h_out * vectors
        out = missed(lanes * (x.h_in * x.w_in + x.h_out * x.w_out) * self.elem_bytes, l1)
        maps = self.inputs * (1 + out * (outs - 1)) + self.outputs * (1 + 2 * out * (ins - 1))
        self.l2_reads, self.items = maps + self.op.weight_elems, outs

    def depthwise_kernel(self) -> None:
        """A pack of channels at a time; neighbouring outputs of a row share the inputs they load."""
        x, strip, pack = self.x, 4, self.lanes
        channels = x.groups * x.c_out
        if self.elem_bytes == 2 and self.profile.runtime.half_depthwise_in_packs:
            pack = next(size for size in (self.lanes, 4, 1) if channels % size == 0)
        self.items = ceil(channels / pack)
        if pack < self.lanes:
            return self.part_of_a_vector(pack)
        outputs = self.items * self.lanes * x.h_out * x.w_out  # a vector for every pack
        loads = 2 * x.kernel_h * x.kernel_w * (self.lanes if self.profile.runtime.scalar_depthwise else 1)
        if x.kernel_h == x.kernel_w and x.kernel_h in self.profile.runtime.depthwise_kernels:
            span = min((strip - 1) * x.stride_w + x.dilation_w * (x.kernel_w - 1) + 1, strip * x.kernel_w)
            loads = x.kernel_h * span / strip
        self.macs, self.loads = outputs * x.kernel_h * x.kernel_w, outputs * (loads + 1)
        self.l2_reads = self.inputs + self.outputs

    def part_of_a_vector(self, pack: float) -> None:
        """Half precision, channels that fill no vector: along the rows, or a loop over the taps of each output."""
        x, hw = self.x, self.profile.hardware
        taps, rows = x.kernel_h * x.kernel_w, self.items * x.h_out
        self.l2_reads = self.inputs + self.outputs
        plain = x.dilation_h == x.dilation_w == 1 and x.stride_h == x.stride_w <= 2
        if pack == 1 and x.kernel_h == x.kernel_w == 3 and plain:
            vectors = x.w_out // self.lanes + x.w_out % self.lanes // 4
            singles = x.w_out % self.lanes % 4
            self.macs = rows * self.lanes * (vectors * (9 + 4) + singles * 8)
            self.loads = rows * self.lanes * (vectors * 5 + singles * 3)
            return
        slot = max(pack, min(hw.load_bytes_per_cycle, hw.vector_bytes) / self.elem_bytes)
        self.macs = rows * x.w_out * self.lanes * taps
        self.loads = rows * x.w_out * slot * (2 * taps + 1)

    def matrix_product(self) -> None:
        """im2col unless the kernel is one pixel or the channels are few, then one product a group."""
        x, runtime, taps = self.x, self.profile.runtime, self.x.kernel_h * self.x.kernel_w
        pixels, depth = x.h_out * x.w_out, x.c_in * taps
        self.products(x.c_out, pixels, depth, x.groups)
        if self.in_attention and x.groups > 1:
            self.items = x.groups  # a head a thread
        reads_image = taps > 1 and x.c_in < runtime.im2col_min_channels
        if pixels > 1 and not reads_image:
            self.packed = pixels * depth * x.groups
        if pixels == taps == 1 and runtime.linear_weight_bytes is not None:
            self.weight_bytes = self.op.weight_elems * runtime.linear_weight_bytes
            saved = x.groups * x.c_out * depth * (1 - runtime.linear_weight_bytes / self.elem_bytes)
            self.loads, self.l2_reads = self.loads - saved, self.l2_reads - saved

    def few_rows_at_a_time(self) -> None:
        """All weights for every few rows, or for every single one where the rows do not divide."""
        x, runtime = self.x, self.profile.runtime
        rows = x.h_out * x.w_out
        taken = runtime.linear_rows if rows % runtime.linear_rows == 0 else 1
        kept = runtime.linear_weight_bytes or self.elem_bytes
        self.macs = x.groups * x.c_out * x.c_in * rows
        self.items = self.streams = rows / taken
        self.loads = self.macs / taken * kept / self.elem_bytes + self.macs / (x.groups * x.c_out)
        self.l2_reads = self.inputs + self.outputs
        self.weight_bytes = self.op.weight_elems * kept

    def winograd(self) -> None:
        """One product for each of the (t + 2)^2 frequencies, over the patches of t x t outputs."""
        x, rules = self.x, self.profile.runtime.winograd
        patch = rules.large_patch if max(x.c_in, x.c_out) <= rules.large_patch_max_channels else rules.small_patch
        if min(x.h_out, x.w_out) <= rules.tiny_map:
            patch = rules.tiny_patch
        frequencies, patches = (patch + 2) ** 2, ceil(x.h_out / patch) * ceil(x.w_out / patch)
        self.products(x.c_out, patches, x.c_in, x.groups * frequencies)
        self.transformed = x.groups * frequencies * patches * (x.c_in + x.c_out)
        self.weight_bytes *= frequencies / 9

    def products(self, m: float, n: float, k: float, repeats: float) -> None:
        """``repeats`` products of (m, k) by (k, n) from register tiles."""
        kernel, l1 = self.profile.runtime.microkernel, self.profile.hardware.memory.l1.size_bytes
        one_by_one = self.profile.runtime.grouped_conv_as_one_gemm_per_group
        self.items = tiles(m, kernel.rows) * (1 if one_by_one else self.x.groups)
        m = ceil(m / kernel.smallest_rows) * kernel.smallest_rows
        whole = m // self.lanes * self.lanes  # rows left over put pixels into the vectors
        self.macs = repeats * k * (whole * n + (m - whole) * ceil(n / self.lanes) * self.lanes)
        if kernel.vectors == "either":
            self.macs = repeats * k * min(m * ceil(n / self.lanes), n * ceil(m / self.lanes)) * self.lanes
        self.loads = repeats * k * (m * tiles(n, kernel.columns) + n * tiles(m, kernel.rows))
        self.panel = n * k
        again = self.panel * (tiles(m, kernel.rows) - 1)
        self.rereads = 0.0 if self.profile.runtime.l2_blocking else repeats * again
        self.l2_reads = repeats * (self.panel + missed(self.panel * self.elem_bytes, l1) * again + m * k + m * n)

    @property
    def sustained_ratio(self) -> float:
        """Share of the peak: by kernel, and by whether packs of channels go in that do not come out."""
        x, fit = self.x, self.profile.fitted
        if self.direct:
            return fit.blocked.depthwise_ratio if self.depthwise else fit.blocked.direct_ratio
        if self.depthwise:
            return fit.depthwise_ratio
        unpacks = x.kernel_h * x.kernel_w == 1 and x.c_in % 4 == 0 and x.c_out % 4 != 0
        if self.profile.runtime.microkernel.vectors == "either" or self.streams:  # rows are packed, not channels
            unpacks = False
        return fit.gemm_ratio * (fit.spatial_ratio if self.gathered else 1) * (fit.unpacked_ratio if unpacks else 1)

    def touched(self, with_scratch: bool) -> Touched:
        scratch = (self.packed + self.transformed) * self.elem_bytes if with_scratch else 0.0
        return Touched(self.inputs * self.elem_bytes, self.outputs * self.elem_bytes, self.weight_bytes, scratch)


def repacked(op: CpuOp, parts: list[CpuOp | None]) -> float:
    """Bytes of passes that change the packs of what an op reads, or of what it writes."""
    written = [part for part in parts if part]
    packs = [part.pack for part in written]
    moved = 6 * op.inputs if None in parts and op.elem_bytes == 2 and not op.is_plain else 0.0
    for part in written:
        if part.is_plain != op.is_plain:
            moved += 6 * part.outputs if part.elem_bytes == 2 else 0
        if (1 if part.is_plain else part.pack) != (1 if op.is_plain else part.pack):
            moved += 2 * part.outputs * part.elem_bytes
    joins = op.op.word == "concat" and packs and min(packs) < op.pack
    cuts = op.op.word == "slice" and packs and op.pack < max(packs)
    return moved + (2 * op.outputs * op.elem_bytes if joins or cuts else 0)


class Level:
    """What one cache level does not hold, run after run or from cold."""

    def __init__(self, chain: list[CpuOp], table: OpTable, profile: Any, capacity: float) -> None:
        self.chain, self.waits = chain, profile.runtime.waits_for_memory
        touched = [op.touched(with_scratch=not self.waits) for op in chain]
        self.cache, self.capacity = Cache(touched, table, capacity), capacity
        passing = sum(op.weight_bytes + op.output_bytes for op in touched)
        self.gone = missed(passing, capacity) if profile.runtime.weights_stay else 1.0

    def read_bytes(self, row: int, outside: float) -> float:
        op = self.chain[row]
        needed = op.outputs if op.op.word == "slice" and self.waits else op.inputs
        return self.cache.read_ratio(row, outside) * needed * op.elem_bytes

    def tensor_bytes(self, row: int, outside: float) -> float:
        op = self.chain[row]
        if op.absorbed:
            return 0.0
        written = self.cache.written_ratio(row, outside) * op.outputs * op.elem_bytes
        return outside * op.weight_bytes + self.read_bytes(row, outside) + written

    def reread_bytes(self, row: int) -> float:
        op = self.chain[row]
        return missed(op.panel * op.elem_bytes, self.capacity) * op.rereads * op.elem_bytes


def price(ops: list[OracleOp], table: OpTable, profile: Any, run: RunConfig) -> list[Priced]:
    """Every op of a network, in order."""
    memory, fit, rules = profile.hardware.memory, profile.fitted, profile.runtime.blocked_layout
    layouts = Layouts(ops, table, rules) if rules else None
    of_attention = attention(ops, table.producers) if profile.runtime.attention_layer else (set(), set())
    chain = [CpuOp(op, profile, run.elem_bytes, layouts, row, of_attention) for row, op in enumerate(ops)]
    for row, op in enumerate(chain):
        op.executed = chain[0].images  # an op of many windows is one op; only a batch is taken image by image
        op.repacked_bytes = (
            0.0 if op.absorbed else repacked(op, [chain[p] if p >= 0 else None for p in table.producers[row]])
        )
    levels = memory.l2.size_bytes + (memory.l3.size_bytes if memory.l3 else 0)
    last = Level(chain, table, profile, levels * fit.cache_ratio)
    l2 = Level(chain, table, profile, memory.l2.size_bytes * (fit.blocked.l2_ratio if fit.blocked else 1))
    return [_price_op(op, last, l2, row, profile, run) for row, op in enumerate(chain)]


def _price_op(op: CpuOp, last: Level, l2: Level, row: int, profile: Any, run: RunConfig) -> Priced:
    hw, fit, elem_bytes, threads = profile.hardware, profile.fitted, op.elem_bytes, run.threads
    runtime, rates = profile.runtime, profile.fitted.blocked
    cycle_s = 1 / (hw.clock_hz * fit.clock_ratio)
    rounds = max(ceil(op.items / threads), 1)  # the slowest thread's
    others = max(op.items, 1) / rounds - 1  # at work beside it, on average
    divided_s = cycle_s * ceil(op.items / threads) / max(op.items, 1)
    slowed_s = divided_s * (1 + fit.contention_ratio * others)
    crowded_s = divided_s * (1 + (fit.contention_ratio + fit.l2_contention_ratio) * others)
    dram = hw.memory.dram
    bandwidth = min(
        dram.one_core_bandwidth_bytes_per_s * fit.one_core_dram_ratio * min(threads, op.items),
        dram.bandwidth_bytes_per_s * fit.dram_ratio,
    )

    peak = hw.macs_per_cycle[run.dtype]
    exponentials = EXPONENTIALS.get(op.op.word, 0) * runtime.exponential_instructions * op.outputs
    exponentials = runtime.op_instructions.get(op.op.word, 0) * op.outputs or exponentials
    other = (op.op.flops - 2 * op.op.macs) / op.images + exponentials
    if op.absorbed:
        other = 0.0
    elif op.op.word in runtime.scalar_ops and not op.in_attention:
        other *= op.lanes
    elif op.floats:
        other *= 2
    cycles = op.macs / (peak * op.sustained_ratio) + other / (peak * fit.vector_ratio)
    if op.direct:
        cycles += op.tiles * rates.tile_cycles
    if not op.blocked and op.op.word in runtime.plain_op_cycles:
        cycles = runtime.plain_op_cycles[op.op.word] * op.op.flops / op.images
    streams = op.x.multiplies and not op.depthwise and not op.direct
    streams = streams and op.x.h_out * op.x.w_out * op.x.kernel_h * op.x.kernel_w == 1

    packed_bytes, transformed_bytes = op.packed * elem_bytes, op.transformed * elem_bytes
    scratch_bytes = packed_bytes + transformed_bytes
    spilled_bytes = missed(scratch_bytes, last.capacity) * scratch_bytes
    rereads = last.reread_bytes(row) / threads
    tensors = last.tensor_bytes(row, last.gone)
    one_by_one = op.grouped and not op.direct and runtime.grouped_conv_as_one_gemm_per_group
    copy_s = 2 * cycle_s * (1 + fit.contention_ratio * (threads - 1)) / threads  # read and written, divided evenly
    ceilings = {
        "arithmetic": cycles * slowed_s,
        "register_loads": op.loads * op.value_bytes / (hw.load_bytes_per_cycle * fit.load_ratio) * slowed_s,
        "l2": op.l2_reads * op.value_bytes / fit.l2_bytes_per_cycle * crowded_s,
    }
    overheads = {
        "packing": packed_bytes * copy_s / fit.pack_bytes_per_cycle,
        "winograd_transform": transformed_bytes * copy_s / fit.transform_bytes_per_cycle,
        "dispatch": (fit.op_overhead_s + fit.thread_overhead_s * (threads - 1))
        * (runtime.dispatches.get(op.op.word, 1) * (not op.absorbed) + len(op.copies))
        * min(op.executed / op.images, 1),
        "groups": op.x.groups * fit.group_overhead_s if one_by_one else 0.0,
    }
    if runtime.plain_tensor_ops is not None:
        overheads["repacking"] = op.repacked_bytes / fit.l2_bytes_per_cycle * copy_s / 2
    if op.direct:
        overheads["dispatch"] += rates.call_overhead_s
    if runtime.blocked_layout is not None:
        weights = 2 * op.op.weight_elems if op.blocked and not runtime.blocked_layout.kept else 0.0
        copied_bytes = (sum(op.copies) + weights) * elem_bytes
        overheads["reorder"] = copied_bytes / rates.reorder_bytes_per_cycle * cycle_s / threads
    if runtime.waits_for_memory:
        l3_bytes = op.passes * l2.tensor_bytes(row, l2.gone) + l2.reread_bytes(row)
        overheads["l3"] = l3_bytes / rates.l3_bytes_per_cycle * cycle_s / threads
        overheads["dram_wait"] = (tensors + rereads + 2 * spilled_bytes) / bandwidth
    else:
        ahead = last.read_bytes(row, last.gone) if op.packed > 0 and runtime.packs_ahead else 0.0
        ceilings["weight_stream"] = op.weight_bytes / fit.linear_bytes_per_cycle * slowed_s if streams else 0.0
        if op.streams:
            again = fit.linear_rows_bytes_per_cycle if op.streams > 1 else 0.0
            rate = max(again, fit.linear_bytes_per_cycle)  # used once, or again and then no slower
            shared = max(fit.contention_ratio, fit.linear_rows_contention_ratio if op.streams > 1 else 0.0)
            ceilings["weight_stream"] = op.streams * op.weight_bytes / rate * divided_s * (1 + shared * others)
        ceilings["dram"] = (tensors + rereads + spilled_bytes - ahead) / bandwidth
        spill_ratio = missed(scratch_bytes, last.capacity)
        overheads["packing"] += (spill_ratio * packed_bytes + ahead) / bandwidth
        overheads["winograd_transform"] += spill_ratio * transformed_bytes / bandwidth
    images = op.images
    return Priced(
        {name: images * seconds for name, seconds in ceilings.items()},
        {name: images * seconds for name, seconds in overheads.items()},
        fit.overlap,
        images * (last.tensor_bytes(row, 1.0) + rereads + 2 * spilled_bytes),
    )
