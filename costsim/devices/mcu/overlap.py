"""Pools of generated code, in which an op writes over the input it reads, a few rows behind.

X-CUBE-AI's network.c states where every buffer lies. In files of releases 9 to 10.2 (public ones of 2025 and 2026:
a rain detector of 98 x 13, an hourglass of 31 x 201) an output begins one row before the input that dies with it,
and by as much earlier as it is larger; with a padded window, by the rows and two pixels of the border more. Depthwise
kernels read a copy with its border, which ends where the map ends. Which of the free places the compiler takes is not
stated: here the one that lets the pool grow least, in the order of the ops. The rain detector's pool comes out as
35,452 bytes of 35,308; what ST's model zoo prints is 4 to 20 KB larger than the pool found here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from costsim.devices.mcu.arena import Buffer, aligned, peak_bytes
from costsim.tables.liveness import last_use
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

ALIGNMENT = 4
"""Bytes."""
MOST_SCRATCH_BYTES = 8192.0
"""Kernels for many channels widen few weights at a time; estimated."""


@dataclass(frozen=True)
class Reader:
    """How one op reads its first input: through which window, and behind what border."""

    rows: float
    """Of the output: bytes of one."""
    border_rows: int
    border_columns: int
    pixel_bytes: float

    @property
    def lead_bytes(self) -> float:
        """How far the output begins before its input."""
        border = self.rows * (self.border_rows // 2) + 2 * self.pixel_bytes * (self.border_columns > 0)
        return self.rows + border

    @classmethod
    def of(cls, ops: OpTable, row: int) -> Reader:
        """The reader of a row of a table of one network and point."""
        borders = []
        for axis in ("h", "w"):
            size_in, size_out, kernel, stride, dilation = (
                float(getattr(ops, name)[row, 0])
                for name in (f"{axis}_in", f"{axis}_out", f"kernel_{axis}", f"stride_{axis}", f"dilation_{axis}")
            )
            borders.append(int(max((size_out - 1) * stride + (kernel - 1) * dilation + 1 - size_in, 0)))
        rows = float(ops.output_bytes[row, 0] / ops.h_out[row, 0])
        return cls(rows, borders[0], borders[1], rows / float(ops.w_out[row, 0]))


def scratch_bytes(ops: OpTable) -> Array:
    """What the kernels of generated code need beside their maps [bytes].

    Windows of ``k`` values, ``c`` outputs: ``k (2 c + 4) + 14 c`` for a convolution, the weights widened to 16 bits
    among them; ``4 k + 10 c`` where the window is one pixel; ``37 c + 1`` for a depthwise one. As network.c has them.
    """
    window, outputs = ops.kernel_h * ops.kernel_w * ops.c_in_per_group, ops.c_out
    several = np.minimum(window * (2 * outputs + 4) + 14 * outputs, MOST_SCRATCH_BYTES)
    dense = np.where(ops.kernel_h * ops.kernel_w == 1, 4 * window + 10 * outputs, several)
    return np.where(ops.convolves, np.where(ops.is_depthwise, 37 * outputs + 1, dense), 0.0)


def buffers_of(ops: OpTable) -> list[Buffer]:
    """The maps, bordered copies and scratch buffers of a table of one network and point, in the order they are made."""
    last, scratch, readers = last_use(ops), scratch_bytes(ops)[:, 0], np.flatnonzero(ops.reads_input)
    buffers, owner = list[Buffer](), {-1: 0}
    image = ops.input_bytes[int(readers[0]), 0] if len(readers) else 0.0
    buffers.append(Buffer("input", _aligned(image), -1, int(readers[-1]) if len(readers) else -1))
    for row, label in enumerate(ops.labels):
        over = next((owner[p] for p in ops.producers[row] if buffers[owner[p]].last == row), -1)
        past, slides = -1, label.op_class == "pooling" or bool(ops.convolves[row, 0])
        reader, lead = Reader.of(ops, row), 0.0
        if slides and ops.is_depthwise[row, 0] and (reader.border_rows or reader.border_columns):
            height, width = ops.h_in[row, 0] + reader.border_rows, ops.w_in[row, 0] + reader.border_columns
            bordered = height * width * ops.c_in[row, 0] * ops.elem_bytes[row, 0]
            buffers.append(Buffer(f"{label.name} border", _aligned(bordered), row, row, is_scratch=True, over=over))
            past, over, lead = over, len(buffers) - 1, reader.rows
        elif slides:
            lead = reader.lead_bytes
        elif label.op_class not in ("activation", "normalisation", "element-wise"):
            over = -1
        owner[row] = len(buffers)
        size = _aligned(ops.output_bytes[row, 0])
        buffers.append(Buffer(label.name, size, row, int(last[row]), over=over, past=past, lead_bytes=_aligned(lead)))
        if scratch[row]:
            buffers.append(Buffer(f"{label.name} scratch", _aligned(scratch[row]), row, row, is_scratch=True))
    return buffers


def place(buffers: Sequence[Buffer]) -> list[Buffer]:
    """Offsets for all buffers: the smaller pool of two, since either order of choices can leave holes."""
    return min((_placed(buffers, over_first) for over_first in (True, False)), key=peak_bytes)


def _placed(buffers: Sequence[Buffer], over_first: bool) -> list[Buffer]:
    """Each buffer in its order where the pool grows least; of equal places over its input and low, or the reverse."""
    placed, low, high = list[Buffer](), 0, buffers[0].size_bytes
    for buffer in buffers:
        alive = [(i, b) for i, b in enumerate(placed) if b.meets(buffer) and i != buffer.past]
        places = (
            (max(high, at + buffer.size_bytes) - min(low, at), is_over != over_first, at if over_first else -at)
            for at, is_over in _places(buffer, placed, alive, (low, high))
        )
        *_, nearest = min(places)
        offset = nearest if over_first else -nearest
        low, high = min(low, offset), max(high, offset + buffer.size_bytes)
        placed.append(replace(buffer, offset=offset))
    return [replace(buffer, offset=buffer.offset - low) for buffer in placed]


def _places(
    buffer: Buffer, placed: Sequence[Buffer], alive: Sequence[tuple[int, Buffer]], pool: tuple[int, int]
) -> Iterator[tuple[int, bool]]:
    """Offsets at which a buffer could lie, and whether that is over its input."""
    size = buffer.size_bytes
    if buffer.over >= 0:
        under = placed[buffer.over]
        at = under.offset - max(size - under.size_bytes, 0) - buffer.lead_bytes
        if all(at + size <= b.offset or b.end <= at for i, b in alive if i != buffer.over):
            yield at, True
    others = [b for _, b in alive]
    for at in {pool[0], pool[1] - size, *(b.end for b in others), *(b.offset - size for b in others)}:
        if all(at + size <= b.offset or b.end <= at for b in others):
            yield at, False


def _aligned(size: float) -> int:
    return aligned(size, ALIGNMENT)
