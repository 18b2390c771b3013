"""Ops a runtime compiles into one kernel, so that tensors between them stay in registers.

Chains that one reader follows another are fused when a graph is lowered. Here are the two cases in which tensors also
fork: a compiler of element-wise code (TorchInductor), which joins an op to the kernel of its latest operand whoever
else reads that operand, and attention as one kernel, which never writes its scores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from costsim.devices.gpu.profile import GpuRuntime
from costsim.devices.kernels.edges import by_row
from costsim.tables.optable import MAC, OpTable
from costsim.tables.schema import Array

FP32_BYTES = 4.0

CARRYING = ("activation", "element-wise", "shuffle", "data movement", "pooling")
"""Classes whose result has the type of what they read."""

REDUCING = ("global_pool", "reduce")
"""Read each element once and write few: they end a kernel."""

LONGEST_SCORES = 6
"""Element-wise ops between the products of an attention: scale, bias, masks."""


FP32_WORDS = ("layer_norm", "group_norm", "softmax", "pow", "exp", "log", "reciprocal", "rsqrt", "softplus")
"""Ops that automatic mixed precision runs in fp32. Source: PyTorch documentation, Automatic Mixed Precision, CUDA ops
that can autocast to float32."""


@dataclass(frozen=True)
class Joined:
    """A table with the tensors its kernels really read and write, and which rows start a kernel of their own."""

    ops: OpTable
    starts: Array
    """``(ops, 1)`` 0 where a row runs in the kernel of another, else 1."""
    cast_elems: Array
    """Elements that kernels in front of the row round from fp32: its maps, and its weights."""
    casts: Array
    """How many such kernels there are."""

    def take(self, rows: np.ndarray) -> Joined:
        return Joined(self.ops.take(rows), self.starts[rows], self.cast_elems[rows], self.casts[rows])


def joined(ops: OpTable, runtime: GpuRuntime, elem_bytes: float) -> Joined:
    """What is left to read and write when tensors inside a kernel stay in registers.

    ``input_elems`` loses what a row takes from its own kernel, ``output_elems`` is 0 where all readers are in it.
    Under autocast weights are stored in fp32 and rounded anew in every run, for what it keeps of them it forgets where
    the context ends. Source: PyTorch, torch/amp/autocast_mode.py (``__exit__`` clears the cache).
    Ignores: registers that run out, recomputation, kernels joined side by side.
    """
    starts, nothing = np.ones((len(ops), 1)), np.zeros((len(ops), 1))
    widened = FP32_BYTES / elem_bytes if runtime.autocast else 1.0
    if not runtime.joins and runtime.attention != "fused" and widened == 1:
        return Joined(ops, starts, nothing, nothing)
    rounds = widened > 1
    cast_elems = np.where(ops.kind == MAC, ops.weight_elems, 0.0) if rounds else nothing
    casts = (cast_elems > 0).astype(float)
    reader, producer = ops.edges
    inside = producer >= 0
    edges = _Edges(reader[inside], producer[inside], ops)
    within = np.zeros(len(edges.reader), dtype=bool)
    if runtime.joins:
        within |= edges.of_element_wise_code(runtime, starts)
    if runtime.attention == "fused":
        within |= edges.of_attention(starts)
    wide = edges.in_fp32() if rounds else np.zeros(len(ops), dtype=bool)
    if not within.any() and not wide.any():
        return Joined(ops, starts, cast_elems, casts)

    size, multiplied = ops.output_elems[edges.producer], ops.kind[edges.reader, 0] == MAC
    taken = by_row(np.add, np.where(within[:, None], size, 0.0), edges.reader, len(ops))
    outside = np.bincount(edges.producer[~within], minlength=len(ops))
    stays = (outside == 0) & (ops.last_reader >= 0)
    reads, writes = ops.input_elems - taken, np.where(stays[:, None], 0.0, ops.output_elems)
    if wide.any():
        seen = wide[edges.producer] & ~within & ~multiplied
        reads = reads + (widened - 1) * by_row(np.add, np.where(seen[:, None], size, 0.0), edges.reader, len(ops))
        rounded = wide[edges.producer] & ~within & multiplied
        if runtime.joins:  # rounded where it is made, and kept in fp32 only for those that read it so
            wanted = np.bincount(edges.producer[seen], minlength=len(ops)) > 0
            narrow = np.bincount(edges.producer[rounded], minlength=len(ops)) > 0
            writes = writes * (wide * (wanted * widened + narrow) + (~wide | ~(wanted | narrow)))[:, None]
        else:
            writes = writes * np.where(wide, widened, 1.0)[:, None]
            of_maps = by_row(np.add, np.where(rounded[:, None], size, 0.0), edges.reader, len(ops))
            cast_elems, casts = cast_elems + of_maps, casts + (of_maps > 0)
    moved: dict[str, Any] = {"input_elems": np.maximum(0.0, reads), "output_elems": writes}
    return Joined(replace(ops, **moved), starts, cast_elems, casts)


@dataclass(frozen=True)
class _Edges:
    """Tensors inside a network, one entry for each that an op reads."""

    reader: np.ndarray
    producer: np.ndarray
    ops: OpTable

    def of_element_wise_code(self, runtime: GpuRuntime, starts: Array) -> np.ndarray:
        """Edges inside one generated kernel; ``starts`` is cleared where rows join the kernel of another.

        An op joins the kernel of the operand that is written last, for all others are there by then; an operand
        that nobody else reads is computed where it is read.
        Source: TorchInductor's scheduler, which fuses nodes of equal iteration space (pytorch, torch/_inductor).
        """
        ops, reader, producer = self.ops, self.reader, self.producer
        reduces = ops.is_op(*REDUCING)
        joins = ops.by_word(lambda word: word.op_class in runtime.joins) > 0
        iterated = np.where(reduces, ops.input_elems, ops.output_elems)
        fits = (joins | reduces)[reader, 0] & (joins & ~reduces)[producer, 0]
        fits &= (iterated[reader] == ops.output_elems[producer]).all(axis=1)
        latest = np.full(len(ops), -1)
        np.maximum.at(latest, reader, producer)
        alone = np.bincount(producer, minlength=len(ops)) == 1
        follows = fits & (latest[reader] == producer)
        sunk = fits & ~follows & alone[producer]
        starts[reader[follows]] = 0.0
        starts[producer[sunk]] = 0.0
        return follows | sunk

    def of_attention(self, starts: Array) -> np.ndarray:
        """Edges between the two products of an attention; ``starts`` is cleared for all rows but the first product.

        Source: Dao et al. 2022, arXiv 2205.14135 (FlashAttention): scores stay on chip, block by block.
        """
        ops, reader, producer = self.ops, self.reader, self.producer
        nothing = np.zeros(len(reader), dtype=bool)
        is_softmax, is_product = ops.is_op("softmax")[:, 0], ops.is_op("matmul")[:, 0]
        if not is_softmax.any():
            return nothing
        passes = ops.by_word(lambda word: word.op_class == "element-wise")[:, 0] > 0
        alone = (np.bincount(producer, minlength=len(ops)) == 1)[producer]
        same_size = (ops.output_elems[reader] == ops.output_elems[producer]).all(axis=1)
        step = alone & same_size & (is_product | passes)[producer] & (passes | is_softmax)[reader]
        leads = is_softmax.copy()  # to a softmax, by rows nobody else reads
        for _ in range(LONGEST_SCORES):
            leads[producer[step & leads[reader]]] = True
        scores = is_product & leads
        for _ in range(LONGEST_SCORES):
            scores[reader[step & leads[reader] & scores[producer]]] = True
        within = step & scores[producer] & scores[reader]
        last = alone & (is_softmax & scores)[producer] & is_product[reader]
        starts[reader[within | last]] = 0.0
        return within | last

    def in_fp32(self) -> np.ndarray:
        """``(ops,)`` rows whose result is fp32: what autocast names or meets an fp32 parameter, and what reads it."""
        ops = self.ops
        carries = ops.by_word(lambda word: word.op_class in CARRYING)[:, 0] > 0
        meets = ops.by_word(lambda word: word.op_class == "element-wise")[:, 0] > 0
        wide = ops.is_op(*FP32_WORDS)[:, 0] | (meets & (ops.weight_elems[:, 0] > 0))
        while True:
            reached = self.reader[wide[self.producer] & carries[self.reader]]
            if wide[reached].all():
                return wide
            wide[reached] = True
