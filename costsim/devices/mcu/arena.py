"""The arena: one block of SRAM in which all maps and scratch buffers of a network find a place.

TensorFlow Lite Micro's GreedyMemoryPlanner (tflite-micro, memory_planner/greedy_memory_planner.cc): buffers
sorted by size, the largest first and of equal ones the last defined; each goes to the lowest offset at which
it fits beside all buffers placed already that live at the same time. Sizes are rounded up to 16 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from costsim.tables.liveness import last_use
from costsim.tables.optable import OpTable

ALIGNMENT = 16
"""Bytes: ``MicroArenaBufferAlignment``."""


@dataclass(frozen=True)
class Buffer:
    """A map or a scratch buffer: when it is needed and how large it is."""

    name: str
    size_bytes: int
    first: int
    """Row that writes it; -1 for the network's input."""
    last: int
    """Row that reads it last, or the end."""
    offset: int = -1
    is_scratch: bool = False
    over: int = -1
    """The buffer, by its place in the list, that it may be written over while it is read."""
    past: int = -1
    """One of the same op that is read to the end before this is written."""
    lead_bytes: int = 0
    """How far it begins before the one it is written over."""

    @property
    def end(self) -> int:
        return self.offset + self.size_bytes

    def needed_by(self, row: int) -> bool:
        """Whether the op of this row reads, writes or keeps it."""
        return self.first <= row <= self.last

    def meets(self, other: Buffer) -> bool:
        """Whether both are needed during some op."""
        return self.first <= other.last and other.first <= self.last


def aligned(size: float, alignment: int = ALIGNMENT) -> int:
    """Bytes rounded up to an alignment, the arena's if none is named."""
    return int(-(-size // alignment) * alignment)


def place(buffers: Sequence[Buffer]) -> list[Buffer]:
    """Offsets for all buffers, by size, into the first gap."""
    placed: list[Buffer] = []
    for _, buffer in sorted(enumerate(buffers), key=lambda defined: (defined[1].size_bytes, defined[0]), reverse=True):
        offset = 0
        for other in sorted((p for p in placed if p.meets(buffer)), key=lambda p: p.offset):
            if other.offset - offset >= buffer.size_bytes:
                break
            offset = max(offset, other.end)
        placed.append(replace(buffer, offset=offset))
    return placed


def peak_bytes(placed: Sequence[Buffer]) -> int:
    """The arena's head: the highest end."""
    return max((buffer.end for buffer in placed), default=0)


def held_bytes(first: np.ndarray, last: np.ndarray, size_bytes: np.ndarray, rows: int) -> int:
    """The most that buffers hold at once, wherever they lie: no arena is smaller. Arrays are ``(buffers,)``."""
    change = np.zeros(rows + 2, dtype=np.int64)
    np.add.at(change, np.maximum(first, 0), size_bytes)
    np.subtract.at(change, last + 1, size_bytes)
    return int(change.cumsum().max(initial=0))


def buffers_of(ops: OpTable, scratch_bytes: np.ndarray, in_place: np.ndarray) -> list[Buffer]:
    """The maps of a table of one network and point, with the scratch buffers of its ops.

    Args:
        ops: the executed ops.
        scratch_bytes: ``(ops,)`` what each op needs beside its maps while it runs.
        in_place: ``(ops,)`` whether an op may write over its first input, where nobody reads that later.
    """
    last = last_use(ops)
    readers = np.flatnonzero(ops.reads_input)
    buffers = []
    if len(readers):
        first_reader = int(readers[0])
        buffers.append(Buffer("input", aligned(ops.input_bytes[first_reader, 0]), -1, int(readers[-1])))
    owner: dict[int, int] = {}
    for row, label in enumerate(ops.labels):
        source = ops.producers[row][0] if ops.producers[row] else -1
        size = aligned(ops.output_bytes[row, 0])
        if in_place[row] and source >= 0 and last[source] == row:
            index = owner[source]
            if buffers[index].size_bytes >= size:
                buffers[index] = replace(buffers[index], last=int(last[row]))
                owner[row] = index
                continue
        owner[row] = len(buffers)
        buffers.append(Buffer(label.name, size, row, int(last[row])))
    for row, label in enumerate(ops.labels):
        if scratch_bytes[row]:
            buffers.append(Buffer(f"{label.name} scratch", aligned(scratch_bytes[row]), row, row, is_scratch=True))
    return buffers
