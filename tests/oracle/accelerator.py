"""The accelerator family on its plan, op by op in plain Python: the readable twin of its columns.

What the buffer plan moves is taken as it is (the planner is held to exhaustive search elsewhere).
Of the arrays, block-based ones are left out: they search their block, as their own tests do.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

from costsim.devices import RunConfig
from costsim.tables.optable import OpTable
from tests.oracle.ops import Loops, OracleOp
from tests.oracle.priced import Priced


def up(count: float, quantum: float) -> float:
    return ceil(count / quantum) * quantum


def atomic(x: Loops, op: OracleOp, array: Any) -> tuple[float, float]:
    """(cycles, elements moved on chip): every cycle some channels of one pixel for some kernels."""
    fold = x.stride_h * x.stride_w if array.folds_strides else 1
    together = min(max(1, floor(array.channel_quantum / x.c_in)), x.groups)  # small groups share an atom
    packs = ceil(x.groups / together)
    reads = (
        x.n * x.h_out * x.w_out * up(together * x.c_in * fold, array.channel_quantum) * x.kernel_h * x.kernel_w / fold
    )
    cycles = packs * reads * up(together * x.c_out, array.kernel_quantum) / array.macs_per_cycle
    plain = x.stride_h == x.stride_w == x.dilation_h == x.dilation_w == x.groups == 1
    if array.winograd_3x3 and plain and x.kernel_h == x.kernel_w == 3:
        cycles /= 2.25
    passes = packs * ceil(together * x.c_out / array.kernel_quantum)
    return cycles, passes * reads + op.weight_elems + op.output_elems


def systolic(x: Loops, op: OracleOp, array: Any) -> tuple[float, float]:
    """One product a group, folded over the grid; what is stationary is loaded once."""
    m, k, n, rows, cols = x.n * x.h_out * x.w_out, x.c_in * x.kernel_h * x.kernel_w, x.c_out, array.rows, array.cols
    match array.dataflow:
        case "output_stationary":
            cycles = (k + rows + cols - 2) * ceil(m / rows) * ceil(n / cols)
            moved = m * k * ceil(n / cols) + k * n * ceil(m / rows) + m * n
        case "weight_stationary":
            cycles = (2 * rows + cols + m - 2) * ceil(k / rows) * ceil(n / cols)
            moved = m * k * ceil(n / cols) + k * n + m * n * (2 * ceil(k / rows) - 1)
        case _:
            cycles = (2 * rows + cols + n - 2) * ceil(k / rows) * ceil(m / cols)
            moved = m * k + k * n * ceil(m / cols) + m * n * (2 * ceil(k / rows) - 1)
    return x.groups * (cycles - 1), x.groups * moved


ARRAYS = {"atomic": atomic, "systolic": systolic}


def price(ops: list[OracleOp], table: OpTable, profile: Any, run: RunConfig) -> list[Priced]:
    """Every op of a network, in order."""
    return [price_op(op, table, row, profile, run) for row, op in enumerate(ops)]


def price_op(op: OracleOp, table: OpTable, row: int, profile: Any, run: RunConfig) -> Priced:
    assert table.plan is not None
    hw, fit, x = profile.hardware, profile.fitted, op.loops
    memory, word = hw.memory, op.word
    fallen = falls_back(op, profile.runtime)
    on_host = fallen or (profile.runtime.device_ops is not None and word not in profile.runtime.device_ops)
    cycles, moved = ARRAYS[hw.array.kind](x, op, hw.array) if x.multiplies else (0.0, op.input_elems + op.output_elems)
    visits = 0.0 if x.multiplies else max(op.output_elems * x.kernel_h * x.kernel_w, op.input_elems)
    looked_at = max(op.output_elems * x.kernel_h * x.kernel_w, op.input_elems)
    if on_host:
        cycles = moved = visits = 0.0
    ceilings = {
        "array": cycles / fit.array_ratio / hw.clock_hz,
        "onchip": moved * run.elem_bytes / memory.onchip.bandwidth_bytes_per_s,
        "vector": visits / (hw.vector_elems_per_cycle * hw.clock_hz),
    }
    if hw.host is not None:
        elem_s = fit.fallback_elem_s if fallen else fit.host_elem_s
        ceilings["host"] = host_s(op, hw.host, run.elem_bytes) + looked_at * elem_s if on_host else 0.0

    maps, weights = float(table.plan.activation_bytes[row, 0]), float(table.plan.weight_bytes[row, 0])
    fetched = maps
    if memory.dram is not None and memory.dram.burst_bytes is not None and -1 in table.producers[row]:
        used = min(x.groups * x.c_in * run.elem_bytes, memory.dram.burst_bytes)
        fetched = maps * memory.dram.burst_bytes / used  # the network's input lies pixel after pixel
    moving = {}
    if memory.dram is not None:
        moving["dram"] = transfer_s(fetched + (weights if memory.flash is None else 0.0), memory.dram, fit.dram_ratio)
    if memory.flash is not None:
        moving["flash"] = transfer_s(weights, memory.flash, fit.dram_ratio)
    overheads = {"dispatch": fit.op_overhead_s, "invoke": 0.0 if row else fit.invoke_overhead_s}
    if profile.runtime.double_buffered:
        ceilings |= moving
    else:
        overheads |= moving
    return Priced(ceilings, overheads, float("inf"), maps + weights)


def falls_back(op: OracleOp, runtime: Any) -> bool:
    """Whether the compiler leaves an op to plain loops of the host because of its shape."""
    x = op.loops
    channels = x.groups * x.c_out
    if op.word == "channel_shuffle":
        return channels % runtime.shuffled_channels != 0
    if op.word == "mul" and runtime.scales_on_host:
        gains = op.input_elems - op.output_elems
        return 0 < gains <= x.n * channels < op.output_elems
    return False


def transfer_s(moved_bytes: float, memory: Any, ratio: float) -> float:
    return moved_bytes / (memory.bandwidth_bytes_per_s * ratio) + memory.latency_s if moved_bytes else 0.0


def host_s(op: OracleOp, host: Any, elem_bytes: float) -> float:
    """The slowest of multiplying, moving and other arithmetic."""
    cycles = (
        op.macs / host.macs_per_cycle,
        op.mem_access_elems * elem_bytes / host.bytes_per_cycle,
        (op.flops - 2 * op.macs) / host.flops_per_cycle,
    )
    return max(cycles) / host.clock_hz
