"""Patch-based inference: the first ops run once for each patch of their last map, so that no early map exists whole.

Lin et al., MCUNetV2 (arXiv 2110.15352), section 3: what a patch needs of an earlier map grows by the window of every
op on the way (its halo), and the halos of neighbouring patches overlap, which is computed again. The network's input
and the map the patches are put together in are held whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from costsim.devices.mcu.arena import ALIGNMENT, Buffer, held_bytes
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
        best, spans = cls(per_side, -1, np.zeros(0), len(ops)), Spans.of(buffers)
        least = held_bytes(spans.first, spans.last, spans.size_bytes, len(ops))
        for row in _ends(ops, per_side):
            patches = cls(per_side, row, _held_ratio(ops, row, per_side), len(ops))
            cut = patches._cut(spans)
            held = held_bytes(cut.first, cut.last, cut.size_bytes, len(ops))
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
        if self.last_row < 0:
            return list(buffers)
        cut = self._cut(Spans.of(buffers))
        spans = zip(buffers, cut.first.tolist(), cut.last.tolist(), cut.size_bytes.tolist(), strict=True)
        return [replace(buffer, first=first, last=last, size_bytes=size) for buffer, first, last, size in spans]

    def _cut(self, spans: Spans) -> Spans:
        """The input is held until the last patch, the map at the end from the first; of others a patch's share."""
        first, last, size = spans.first, spans.last, spans.size_bytes
        last = np.where((first < 0) & ~spans.stays_whole, np.maximum(last, self.last_row), last)
        inner = (first >= 0) & (first < self.last_row + spans.is_copy) & ~spans.stays_whole
        share = self.held_ratio[np.clip(first, 0, self.last_row)]
        size = np.where(inner, np.ceil(size * share / ALIGNMENT) * ALIGNMENT, size).astype(np.int64)
        ends = (first == self.last_row) & ~spans.stays_whole & ~spans.is_copy
        return replace(spans, first=np.where(ends, 0, first), last=last, size_bytes=size)


@dataclass(frozen=True)
class Spans:
    """When each of some buffers is needed and how large it is, ``(buffers,)`` each."""

    first: np.ndarray
    last: np.ndarray
    size_bytes: np.ndarray
    stays_whole: np.ndarray
    """Scratch buffers: kernels need them whatever the map."""
    is_copy: np.ndarray
    """Copies of maps with a border."""

    @classmethod
    def of(cls, buffers: Sequence[Buffer]) -> Spans:
        """Of a list of buffers."""
        is_copy = np.array([b.is_scratch and b.over >= 0 for b in buffers], dtype=bool)
        stays_whole = np.array([b.is_scratch for b in buffers], dtype=bool) & ~is_copy
        first, last, size = (
            np.array([(b.first, b.last, b.size_bytes) for b in buffers], dtype=np.int64).reshape(-1, 3).T
        )
        return cls(first, last, size, stays_whole, is_copy)


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
