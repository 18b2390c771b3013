"""Patch-based inference: the first ops run once for each patch of their last map, so that no early map exists whole.

Lin et al., MCUNetV2 (arXiv 2110.15352), section 3: what a patch needs of an earlier map grows by the window of every
op on the way (its halo), and the halos of neighbouring patches overlap, which is computed again. The network's input
and the map the patches are put together in are held whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from costsim.dataclass import dataclass
from costsim.devices.mcu.arena import Buffer, aligned, held_bytes
from costsim.tables.liveness import last_use
from costsim.tables.optable import OpTable


@dataclass(frozen=True)
class Patches:
    """The first ops of a table of one network and point, in patches."""

    per_side: int
    last_row: int
    """The op whose output the patches are put together in; -1 where no op can run so."""
    held_ratio: np.ndarray
    """``(last_row + 1,)`` share of each op's map that one patch needs."""
    ops: int

    @classmethod
    def of(cls, ops: OpTable, per_side: int, buffers: Sequence[Buffer]) -> Patches:
        """The patches with which the least of these buffers is held at once; of equal ones, those of the fewest ops."""
        best = cls(per_side, -1, np.zeros(0), len(ops))
        least = held_bytes(buffers, len(ops))
        for row in _ends(ops, per_side):
            patches = cls(per_side, row, _held_ratio(ops, row, per_side), len(ops))
            held = held_bytes(patches.cut(buffers), len(ops))
            if held < least:
                best, least = patches, held
        return best

    @cached_property
    def repeated_ratio(self) -> np.ndarray:
        """``(ops, 1)`` how often each value of a map is computed, halos counted once for each patch: at least 1."""
        repeated = np.ones(self.ops)
        repeated[: self.last_row + 1] = np.maximum(self.held_ratio * self.per_side**2, 1.0)
        return repeated[:, None]

    def cut(self, buffers: Sequence[Buffer]) -> list[Buffer]:
        """The buffers of the same network when it runs so."""
        return [self._cut(buffer) for buffer in buffers]

    def _cut(self, buffer: Buffer) -> Buffer:
        if buffer.first > self.last_row or buffer.is_scratch or self.last_row < 0:
            return buffer
        if buffer.first < 0:
            return replace(buffer, last=max(buffer.last, self.last_row))
        if buffer.first == self.last_row:
            return replace(buffer, first=0)
        return replace(buffer, size_bytes=aligned(buffer.size_bytes * self.held_ratio[buffer.first]))


def _ends(ops: OpTable, per_side: int) -> Iterator[int]:
    """Rows up to which all ops slide over maps, and whose output alone is read later."""
    last, crosses = last_use(ops), -1
    slides = ~(ops.by_word(lambda word: word.whole_input)[:, 0] > 0) & (ops.h_out <= ops.h_in)[:, 0]
    readers = np.flatnonzero(ops.reads_input)
    for row in range(len(ops) - 1):
        if not slides[row] or min(ops.h_out[row, 0], ops.w_out[row, 0]) < per_side:
            return
        if row > 0 and crosses <= row and readers[-1] <= row:
            yield row
        crosses = max(crosses, int(last[row]))


def _held_ratio(ops: OpTable, last_row: int, per_side: int) -> np.ndarray:
    """``(last_row + 1,)`` share of each map that a patch needs: in height times in width.

    Back from the end, an op that needs ``t`` lines of its output reads ``(t - 1) * stride + (kernel - 1) * dilation
    + 1`` lines, at most all.
    """
    share = np.ones(last_row + 1)
    for size, kernel, stride, dilation in (
        (ops.h_out, ops.kernel_h, ops.stride_h, ops.dilation_h),
        (ops.w_out, ops.kernel_w, ops.stride_w, ops.dilation_w),
    ):
        lines = np.zeros(last_row + 1)
        lines[last_row] = np.ceil(size[last_row, 0] / per_side)
        for row in range(last_row, -1, -1):
            window = (kernel[row, 0] - 1) * dilation[row, 0] + 1
            reads = (lines[row] - 1) * stride[row, 0] + window
            for producer in ops.producers[row]:
                if producer >= 0:
                    lines[producer] = max(lines[producer], min(reads, size[producer, 0]))
        share *= lines / size[: last_row + 1, 0]
    return share
