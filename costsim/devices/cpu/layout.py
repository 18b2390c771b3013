"""Which tensors a CPU runtime keeps in blocks of channels, and where it has to reorder them.

A blocked tensor lies as ``(n, c / block, h, w, block)``: one vector load gives neighbouring channels
of a pixel. Convolutions choose it where their channels allow, some other ops carry it on, all the
rest need plain tensors; between the two a copy is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costsim.devices.cpu.precision import computes_in_int8
from costsim.devices.cpu.profile import BlockedLayout
from costsim.devices.kernels.edges import by_row
from costsim.devices.kernels.rounding import round_up
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


@dataclass(frozen=True)
class Layout:
    """Per op."""

    blocked: np.ndarray
    """It writes blocked tensors, and reads them unless ``reads_plain``."""
    reads_plain: np.ndarray
    """Blocked convolutions whose few input channels are read as they lie: the image."""
    copies: Array
    """Reordering copies it is charged with: of its output, where a reader needs the other layout, and of the input."""
    copied_elems: Array
    """Elements these read and write."""

    @property
    def columns(self) -> list[Array]:
        """All of it, for telling rows apart."""
        return list(vars(self).values())

    def take(self, rows: np.ndarray) -> Layout:
        """The layout of these rows."""
        return Layout(*(column[rows] for column in self.columns))


def layout_of(ops: OpTable, rules: BlockedLayout | None) -> Layout:
    """The layout of every op's tensors; ``rules`` None: all are plain, as those of int8 kernels are."""
    if rules is None:
        nowhere, nothing = np.zeros((len(ops), 1), dtype=bool), np.zeros((len(ops), 1))
        return Layout(nowhere, nowhere, nothing, nothing)
    convolution = convolves_blocked(ops, rules) & ~computes_in_int8(ops)
    blocked = convolution | _carried(ops, rules, convolution)
    reads_plain = convolution & (ops.groups == 1) & (ops.c_in_per_group < rules.block)
    reads_blocked = blocked & ~reads_plain
    if rules.kept:
        writes = np.where(
            blocked, _any_reader(ops, ~reads_blocked) | ops.leaves[:, None], _any_reader(ops, reads_blocked)
        )
        reads = reads_blocked & _reads_input(ops)
        weights = np.zeros_like(ops.weight_elems)
    else:
        writes, reads = blocked, reads_blocked
        weights = 2 * ops.weight_elems
    written = ops.output_elems * (1 + round_up(ops.c_out, rules.block) / ops.c_out)
    read = ops.input_elems * (1 + round_up(ops.c_in, rules.block) / ops.c_in)
    return Layout(
        blocked, reads_plain, writes.astype(float) + reads, writes * written + reads * read + blocked * weights
    )


def _carried(ops: OpTable, rules: BlockedLayout, convolution: np.ndarray) -> np.ndarray:
    """Other ops that stay blocked: of the right kind, all they read blocked, every tensor in whole blocks."""
    if not rules.kept:
        return np.zeros_like(convolution)
    split = np.mod(ops.c_out, rules.block) > 0
    carried = ops.is_op(*rules.carriers) & ~split & ~_any_producer(ops, split) & ~_reads_input(ops)
    while True:
        still = carried & ~_any_producer(ops, ~(convolution | carried))
        if np.array_equal(still, carried):
            return carried
        carried = still


def convolves_blocked(ops: OpTable, rules: BlockedLayout) -> np.ndarray:
    """Convolutions whose channels allow blocks."""
    few = ops.c_in_per_group < rules.block
    aligned = np.mod(ops.c_in, rules.input_multiple) == 0
    whole = (np.mod(ops.c_in_per_group, rules.block) == 0) & (np.mod(ops.c_out_per_group, rules.block) == 0)
    depthwise = ops.is_depthwise & (ops.c_out_per_group == 1)
    fits = np.where(ops.groups == 1, few | aligned, np.where(depthwise, aligned, whole))
    pointwise = (ops.kernel_h * ops.kernel_w == 1) & (ops.stride_h == 1) & (ops.stride_w == 1)
    small = (ops.groups == 1) & (ops.kernel_h <= 3) & (ops.kernel_w <= 3) & (ops.input_elems <= rules.small_input_elems)
    return ops.convolves & ~ops.is_op("conv_transpose") & fits & ~small & (rules.pointwise | ~pointwise)


def _any_producer(ops: OpTable, holds: np.ndarray) -> np.ndarray:
    """Whether it holds of any op whose output a row reads."""
    reader, producer = ops.edges
    inner = producer >= 0
    return by_row(np.maximum, holds[producer[inner]].astype(float), reader[inner], len(ops)) > 0


def _any_reader(ops: OpTable, holds: np.ndarray) -> np.ndarray:
    """Whether it holds of any op that reads a row's output."""
    reader, producer = ops.edges
    inner = producer >= 0
    return by_row(np.maximum, holds[reader[inner]].astype(float), producer[inner], len(ops)) > 0


def _reads_input(ops: OpTable) -> np.ndarray:
    reads = np.zeros((len(ops), 1), dtype=bool)
    reads[ops.reads_input] = True
    return reads
